from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codexlb_store.processes import FOLDER, Conduct, InForce, ProcessMark, Running, living, parse_conduct, running
from tests.codexlb_store.together import run_together

TAKE_AND_WAIT = """
import sys
from pathlib import Path
from codexlb_store.processes import ProcessMark

mark = ProcessMark.take(Path(sys.argv[1]))
print(mark.id, flush=True)
sys.stdin.readline()
"""


def test_nobody_lives_where_nothing_ever_ran(home: Path) -> None:
    assert living(home) == set()


def test_this_process_lives_until_it_gives_up_its_mark(home: Path) -> None:
    one, two = ProcessMark.take(home), ProcessMark.take(home)
    assert living(home) == {one.id, two.id}

    one.release()
    assert living(home) == {two.id}

    one.release()
    two.release()
    assert living(home) == set()
    assert list((home / FOLDER).iterdir()) == []


def test_a_killed_process_is_seen_as_dead_and_swept_away(home: Path) -> None:
    command = [sys.executable, "-c", TAKE_AND_WAIT, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process_id = process.stdout.readline().strip()
        assert living(home) == {process_id}

        process.kill()
        process.wait()
        assert living(home) == set()
        assert list((home / FOLDER).iterdir()) == []


def test_asking_never_costs_a_starting_process_its_mark(home: Path) -> None:
    printed = run_together(
        "from codexlb_store.processes import ProcessMark, living",
        "for _ in range(200):\n"
        "    mark = ProcessMark.take(home)\n"
        "    assert mark.id in living(home)\n"
        "    mark.release()\n"
        "print('kept')",
        home,
    )

    assert printed == ["kept"] * 4


def test_a_mark_that_vanishes_while_we_look_was_a_dead_ones(home: Path) -> None:
    (home / FOLDER).mkdir(parents=True)
    (home / FOLDER / "gone.lock").symlink_to(home / "nowhere")

    assert living(home) == set()


CONDUCT = Conduct(
    "1.2.3", (("127.0.0.1", 2455), ("::1", 2455)), True, {"codexlb_strategy": InForce("fill_first", "file")}
)
SHORT = Conduct("1", (), False)


def test_what_a_process_says_of_itself_is_read_until_it_ends(home: Path) -> None:
    mark, silent = ProcessMark.take(home), ProcessMark.take(home)

    mark.tell(CONDUCT)
    assert running(home) == [Running(mark.id, CONDUCT)]
    mark.tell(SHORT)
    assert running(home) == [Running(mark.id, SHORT)]

    mark.release()
    mark.tell(CONDUCT)
    assert running(home) == []
    assert living(home) == {silent.id}
    silent.release()


def test_what_the_dead_said_is_swept_away(home: Path) -> None:
    (home / FOLDER).mkdir(parents=True)
    (home / FOLDER / "dead.lock").write_text('{"version": "1", "listen": [], "tls": false, "settings": {}}')

    assert running(home) == []
    assert list((home / FOLDER).iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff", b"[]", b"null", b'{"version": "1"}',
        b'{"version": "1", "listen": 5, "tls": false, "settings": {}}',
        b'{"version": "1", "listen": [["h"]], "tls": false, "settings": {}}',
        b'{"version": "1", "listen": [], "tls": false, "settings": {"a": 5}}',
    ],
)  # fmt: skip
def test_what_nobody_understands_is_nothing(content: bytes) -> None:
    assert parse_conduct(content) is None


def test_who_looks_while_it_is_written_sees_one_or_the_other(home: Path) -> None:
    mark = ProcessMark.take(home)
    mark.tell(CONDUCT)

    printed = run_together(
        "from codexlb_store.processes import ProcessMark, Conduct, InForce, running",
        "mark = ProcessMark.take(home)\n"
        "for number in range(200):\n"
        "    mark.tell(Conduct('1', (('h', 1),) * (number % 3), False))\n"
        "    assert [each for each in running(home) if each.id == mark.id]\n"
        "mark.release()\n"
        "print('read')",
        home,
    )

    assert printed == ["read"] * 4
    mark.release()
