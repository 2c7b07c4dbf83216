from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from codexlb_store.processes import FOLDER, ProcessMark, living
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
