"""`codexlb report --watch` as a process at a real terminal: what it draws, what keys do, how it leaves the terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexlb_store.accounts import load_accounts
from codexlb_store.ledger import Tokens
from scripts.data_folder import DataFolder
from scripts.watch.watching import NO_STORE, NO_TERMINAL, SIGNALLED
from tests.processes import command
from tests.scripts.sample_ledger import NOW, add_request

SECONDS = 30

OTHER_SCREEN, OWN_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
HOME = b"\x1b[H"
"""Each picture begins with it."""
HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"


class Terminal:
    """A terminal with a watch in it: what was drawn, and a keyboard."""

    def __init__(self, width: int = 80, height: int = 24, *arguments: str, **environ: str) -> None:
        self._ours, self.theirs = pty.openpty()
        self.resize(width, height)
        self.modes = termios.tcgetattr(self.theirs)
        self.shown = b""
        others = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self.process = subprocess.Popen(
            [command("codexlb"), "report", "--watch", "--tz", "UTC", *arguments],
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            env={**others, "TERM": "xterm-256color", **environ},
        )

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def types(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, *texts: str, without: str = "") -> str:
        """The picture that has all of these texts, once there is one; its colours left out."""
        deadline = time.monotonic() + SECONDS
        while not self._shows(texts, without):
            assert time.monotonic() < deadline, f"waited in vain for {texts} without {without!r}:\n{self.picture}"
            self._take()
        return self.picture

    @property
    def picture(self) -> str:
        """The last one that was drawn, or is being drawn."""
        return COLOURS.sub(b"", self.shown.rpartition(HOME)[2]).decode(errors="ignore")

    def _shows(self, texts: tuple[str, ...], without: str) -> bool:
        picture = self.picture
        is_whole = any(key in picture for key in ("q quit", "Enter keep"))  # the last line has them
        return is_whole and all(text in picture for text in texts) and not (without and without in picture)

    def ended(self) -> int:
        """The exit code; all that was drawn is in `shown`."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it did not end:\n{self.shown.decode(errors='replace')}"
            self._take()
        while self._take():
            pass
        return self.process.returncode

    def close(self) -> None:
        """As a person closes the window."""
        for descriptor in (self._ours, self.theirs):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _take(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], 0.05)
        if ready:
            self.shown += os.read(self._ours, 65_536)
        return bool(ready)


@pytest.fixture
def terminal(used: DataFolder) -> Iterator[Terminal]:
    found = Terminal()
    with contextlib.closing(found):
        yield found
        if found.process.poll() is None:
            found.process.kill()
        found.process.wait()


def is_as_before(terminal: Terminal) -> bool:
    """Whether the terminal is as it was before, and its screen, too."""
    is_left = terminal.shown.rindex(OWN_SCREEN) > terminal.shown.rfind(OTHER_SCREEN)
    is_seen = terminal.shown.rindex(SHOW_CURSOR) > terminal.shown.rfind(HIDE_CURSOR)
    return is_left and is_seen and termios.tcgetattr(terminal.theirs) == terminal.modes


def test_it_draws_sorts_filters_and_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.until("ann.miller@example.com", "bob@work.example.org", "carol@example.net", "sort: usual")
    assert OTHER_SCREEN in terminal.shown
    assert termios.tcgetattr(terminal.theirs) != terminal.modes

    terminal.types("s")
    terminal.until("sort: tokens")
    terminal.types("/")
    terminal.until("Enter keep")
    terminal.types("carol")
    terminal.until("/carol", without="bob@work.example.org")
    terminal.types("\r")
    terminal.until("filter: carol", without="bob@work.example.org")
    terminal.types("\x1b")
    terminal.until("bob@work.example.org", without="filter: carol")

    terminal.types("\x1b[A")  # an arrow is no key of ours
    terminal.types("q")
    assert terminal.ended() == 0
    assert is_as_before(terminal)


def test_what_the_proxy_writes_is_drawn(terminal: Terminal, used: DataFolder) -> None:
    terminal.until("sort: usual", without="brand-new")
    ann = load_accounts(used.db)[0]
    add_request(used, ann, at=time.time() - NOW, tokens=Tokens(7_770_000, 0, 1, 0), session="brand-new")
    used.db.conn.commit()

    terminal.until("brand-new")


def test_it_follows_the_size_of_the_terminal(terminal: Terminal) -> None:
    assert terminal.until("sort: usual", without="Runs out").count("\n") == 23
    for width, height, column in ((140, 40, "Runs out"), (60, 15, "Limit")):
        terminal.resize(width, height)
        terminal.process.send_signal(signal.SIGWINCH)  # as the kernel does for who has a controlling terminal
        terminal.until(column, without="$/h" if width == 60 else "")
        assert terminal.picture.count("\n") == height - 1


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 0), (signal.SIGTERM, SIGNALLED + signal.SIGTERM), (signal.SIGHUP, SIGNALLED + signal.SIGHUP)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP"],
)
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(terminal: Terminal, number: int, code: int) -> None:
    terminal.until("sort: usual")

    terminal.process.send_signal(number)
    assert terminal.ended() == code
    assert is_as_before(terminal)


def test_trouble_while_it_draws_is_told_on_a_terminal_that_is_as_it_was(terminal: Terminal, used: DataFolder) -> None:
    terminal.until("sort: usual")
    with used.db.conn:
        used.db.execute("ALTER TABLE projects RENAME TO other")

    assert terminal.ended() == 1
    assert is_as_before(terminal)
    assert b"of another version" in terminal.shown
    assert b"Traceback" not in terminal.shown


def test_it_ends_with_the_window_it_is_in(terminal: Terminal) -> None:
    terminal.until("sort: usual")
    terminal.close()

    assert terminal.process.wait(SECONDS) == SIGNALLED + signal.SIGHUP


def test_without_colours(used: DataFolder) -> None:
    with contextlib.closing(Terminal(NO_COLOR="1")) as terminal:
        terminal.until("sort: usual")
        terminal.types("q")
        assert terminal.ended() == 0

    assert b"\x1b[3" not in terminal.shown


def test_only_the_store_is_read(terminal: Terminal, used: DataFolder) -> None:
    """Nothing in the folder is written, and the database stays as it was."""
    before = used.db.execute("PRAGMA data_version").fetchone()
    terminal.until("sort: usual")
    terminal.types("sq")

    assert terminal.ended() == 0
    assert used.db.execute("PRAGMA data_version").fetchone() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--json"], "leave out --json."),
        (["--csv"], "leave out --csv."),
        (["--md"], "leave out --md."),
        (["--by", "day"], "leave out --by."),
        (["--since", "7d"], "leave out --since."),
        (["--output", "x"], "leave out --output."),
        (["--tz", "Mars/Olympus"], "Mars/Olympus"),
        ([], NO_TERMINAL),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_no_watch_can_give_is_refused_in_a_sentence(arguments: list[str], sentence: str, used: DataFolder) -> None:
    done = subprocess.run(
        [command("codexlb"), "report", "--watch", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert done.stdout == ""
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_store_there_is_nothing_to_watch() -> None:
    with contextlib.closing(Terminal()) as terminal:
        assert terminal.ended() == 1
        assert NO_STORE.split(":")[0].encode() in terminal.shown
        assert OTHER_SCREEN not in terminal.shown
    assert not Path(os.environ["CODEXLB_HOME"]).exists()


def test_a_terminal_that_cannot_be_drawn_on(used: DataFolder) -> None:
    with contextlib.closing(Terminal(TERM="dumb")) as terminal:
        assert terminal.ended() == 1
        assert b"--watch draws on a terminal" in terminal.shown
