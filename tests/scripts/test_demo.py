"""`codexlb demo` as a person runs it: real processes from start to end, and nothing left of them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.demo_traffic import SESSIONS

CODEXLB = str(Path(sys.executable).with_name("codexlb"))

END_SECONDS = 60
"""The demo ends in some ten; a machine busy with other tests gets more."""


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """The folder for everything temporary; after the test it is empty, and no process is left that knew it."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []
    assert processes_that_know(folder) == []


def processes_that_know(folder: Path) -> list[str]:
    """The command lines of the running processes that have this folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (OSError, ValueError):
            continue  # it has just ended, or is not ours to look at
    return found


def environment(scratch: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(scratch), "COLUMNS": "100", **more}


def demo(scratch: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CODEXLB, "demo", *arguments],
        env=environment(scratch, **environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=False,
    )


def test_the_demo_shows_twenty_sessions_and_ends_with_the_report(scratch: Path) -> None:
    done = demo(scratch, "--seconds", "2")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [row.split(" (")[0] for row in lines[1:4]] == [
        "Added ann@example.com",
        "Added bob@example.com",
        "Added carol@example.com",
    ]
    turns = int(lines[-2].split()[0])
    assert turns >= SESSIONS
    assert f"{turns} turns in {SESSIONS} sessions, none failed." in lines
    assert f"This demo  {turns} completed" in [row.rstrip() for row in lines]
    assert {"Windows now", "Usage", "Outcomes"} <= set(lines)
    assert "\x1b" not in done.stdout


@contextmanager
def demo_in_a_terminal(scratch: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The demo on a terminal of its own; the descriptor is the side of the person before it."""
    person, terminal = pty.openpty()
    with closing_descriptor(person):
        with closing_descriptor(terminal):
            running = subprocess.Popen(
                [CODEXLB, "demo", "--seconds", "60"],
                env=environment(scratch, TERM="xterm-256color", LINES="40"),
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            )
        try:
            yield running, person
        finally:
            running.kill()
            running.wait()


@contextmanager
def closing_descriptor(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def read_until(descriptor: int, wanted: bytes) -> bytes:
    seen, deadline = b"", time.monotonic() + END_SECONDS
    while wanted not in seen:
        assert time.monotonic() < deadline, seen
        seen += os.read(descriptor, 65_536)
    return seen


def read_to_the_end(descriptor: int) -> bytes:
    seen = b""
    while True:
        try:
            read = os.read(descriptor, 65_536)
        except OSError:  # how Linux says that the other side of a terminal is gone
            return seen
        if not read:
            return seen
        seen += read


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_on_a_terminal_that_is_broken_off_clears_everything_away(scratch: Path, number: signal.Signals) -> None:
    with demo_in_a_terminal(scratch) as (running, person):
        seen = read_until(person, b"in flight")

        running.send_signal(number)
        rest = read_to_the_end(person)

        assert running.wait(END_SECONDS) == 1
    assert b"\x1b[" in seen
    assert b"Aborted!" in rest
    assert b"Traceback" not in rest


def test_without_the_codex_cli_its_turn_is_refused_before_anything_starts(scratch: Path, tmp_path: Path) -> None:
    done = demo(scratch, "--codex", PATH=str(tmp_path))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: The Codex CLI is not on PATH: install it (npm install -g @openai/codex),"
        " or run the demo without --codex.\n"
    )


def test_a_codex_that_fails_makes_the_demo_fail(scratch: Path, tmp_path: Path) -> None:
    codex = tmp_path / "codex"
    codex.write_text("""#!/bin/sh\necho '{"type":"error","message":"high demand"}'\nexit 1\n""")
    codex.chmod(0o755)

    done = demo(scratch, "--codex", "--seconds", "2", PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert done.returncode == 1
    assert done.stderr == "Error: codex exec did not complete its turn: high demand\n"


@pytest.mark.codex
def test_the_real_codex_takes_a_turn_as_well(scratch: Path, codex: Path) -> None:
    done = demo(scratch, "--codex", "--seconds", "2", PATH=f"{codex.parent}:{os.environ['PATH']}")

    assert (done.returncode, done.stderr) == (0, "")
    assert "The real Codex CLI took a turn and heard: Answer" in done.stdout
