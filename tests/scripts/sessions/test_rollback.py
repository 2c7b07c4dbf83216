"""A retag that fails, is stopped or is killed: all is as it was."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from scripts.sessions.carrying_out import refuse_full_disk
from scripts.sessions.codex_home import CodexHome
from scripts.sessions.notes import Change, Record
from scripts.sessions.session_error import SessionsError
from tests.processes import command
from tests.scripts.sessions.rollouts import (
    SmallHome,
    codexlb_sessions,
    identifier,
    meta,
    refused,
    retag,
    said,
    undo,
)

SESSIONS = 150
SECONDS = 30


@pytest.fixture
def many(home: SmallHome) -> SmallHome:
    """Sessions enough that a process can be met at its work."""
    for number in range(SESSIONS):
        home.session(number)
    return home


def meet_at_work(home: SmallHome, sign: int) -> int:
    """Retag in a process of its own, and send it this signal once a first file has changed; its exit code."""
    line = [command("codexlb"), "sessions", "retag", "--from", "openai", "--to", "codex-lb", "--yes"]
    before = {path: path.stat().st_ino for path in home.rollouts()}
    with subprocess.Popen(
        [*line, "--codex-home", home.folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + SECONDS
        while all(path.stat().st_ino == node for path, node in before.items()):
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.send_signal(sign)
        return process.wait(SECONDS)


def test_what_was_killed_in_the_middle_is_refused_until_it_is_put_back(many: SmallHome, tmp_path: Path) -> None:
    before, rows, offsets = many.picture(), many.rows(), many.all_offsets()
    meet_at_work(many, signal.SIGKILL)
    [run] = (tmp_path / "codexlb-home" / "retags").iterdir()

    for more in ("--dry-run", "--yes"):
        assert refused("retag", "--from", "openai", "--to", "x", "--codex-home", many.folder, more) == (
            f"The run {run.name} was ended in the middle, so some sessions are changed and some are not:"
            f" put them back first with `codexlb sessions undo {run.name}`."
        )
    undo(run.name)

    assert many.picture() == before
    assert (many.rows(), many.all_offsets()) == (rows, offsets)
    retag(many)


def test_ctrl_c_puts_everything_back(many: SmallHome) -> None:
    before, rows = many.picture(), many.rows()

    exit_code = meet_at_work(many, signal.SIGINT)

    if exit_code:  # it may have been done before the signal came
        assert many.picture() == before
        assert many.rows() == rows
        assert refused("retag", "--from", "x", "--to", "x", exit_code=2)
        assert codexlb_sessions("undo").stdout.count("undone") == 1


def test_a_database_that_refuses_puts_the_files_back(home: SmallHome) -> None:
    home.session(1)
    home.session(2)
    with closing(sqlite3.connect(home.folder / "thread_history_1.sqlite")) as db, db:
        db.execute("CREATE TRIGGER no BEFORE UPDATE ON thread_turns BEGIN SELECT RAISE(ABORT, 'no'); END")
    before, rows, offsets = home.picture(), home.rows(), home.all_offsets()

    sentence = refused("retag", "--from", "openai", "--to", "codex-lb", "--codex-home", home.folder, "--yes")

    assert "thread_history_1.sqlite cannot be used (no): end Codex and try again." in sentence
    assert sentence.endswith("Everything has been put back as it was.")
    assert home.picture() == before
    assert (home.rows(), home.all_offsets()) == (rows, offsets)


def test_a_disk_that_takes_no_more_puts_the_files_back(home: SmallHome) -> None:
    home.session(1)
    home.write(2, meta(identifier(2)), said("x" * (4 << 20)))
    home.session(3)
    before, rows = home.picture(), home.rows()
    line = ["retag", "--from", "openai", "--to", "codex-lb", "--yes", "--codex-home", str(home.folder)]

    # No file may grow beyond one or two MB, as the shell counts.
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 2000; exec "$@"', "sh", command("codexlb"), "sessions", *line],
        capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith("Error: The sessions cannot be changed: [Errno 27]")
    assert done.stderr.endswith("Everything has been put back as it was.\n")
    assert (home.picture(), home.rows()) == (before, rows)


def test_without_room_for_the_new_files_nothing_begins(home: SmallHome) -> None:
    path = home.write(1)
    os.truncate(path, shutil.disk_usage(home.folder).free + 1)  # says that it is large, and takes no room
    record = Record("a", "a", str(path), 0, 1, (), ())

    with pytest.raises(SessionsError, match=r"MB free, and .* MB are needed: make room and try again\.$"):
        refuse_full_disk(CodexHome.find(home.folder, {}), Change((record,), ()))


def test_an_undo_that_fails_in_the_middle_goes_on_when_called_again(home: SmallHome) -> None:
    for number in (1, 2):
        home.session(number)
    before, rows, offsets = home.picture(), home.rows(), home.all_offsets()
    stamp = retag(home)
    with closing(sqlite3.connect(home.folder / "thread_history_1.sqlite")) as db, db:
        db.execute("CREATE TRIGGER no BEFORE UPDATE ON thread_turns BEGIN SELECT RAISE(ABORT, 'no'); END")

    assert "cannot be used (no)" in refused("undo", stamp)
    assert "ended in the middle" in refused("retag", "--from", "a", "--to", "b", "--codex-home", home.folder, "--yes")
    with closing(sqlite3.connect(home.folder / "thread_history_1.sqlite")) as db, db:
        db.execute("DROP TRIGGER no")
    undo(stamp)

    assert home.picture() == before
    assert (home.rows(), home.all_offsets()) == (rows, offsets)


def test_notes_that_are_broken_are_one_sentence(home: SmallHome, tmp_path: Path) -> None:
    home.session(1)
    stamp = retag(home)
    folder = tmp_path / "codexlb-home" / "retags" / stamp
    (folder / "change" / "rollouts.jsonl").write_text("{")

    assert refused("undo", stamp).startswith(f"The notes in {folder / 'change'} cannot be read")
    (folder / "run.json").write_text("{")
    assert refused("undo").startswith(f"The notes {folder / 'run.json'} cannot be read")
    assert home.rows() == {identifier(1): "codex-lb"}
