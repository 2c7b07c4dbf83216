"""Keys as they are pressed, and signals: a terminal goes in, what happened comes out, and it is left as it was."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
import termios
import tty
from collections.abc import Iterator
from types import FrameType
from typing import Self

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

MOST_BYTES = 1024

SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)")
"""What a terminal sends for an arrow or a function key; a lone Esc is one."""

_CHARACTERS = 6
"""Where the special characters stand in what termios tells of a terminal."""


class Keyboard:
    """Reads single keys without waiting for Enter, and hears signals meanwhile."""

    def __init__(self, terminal: int, bell: int) -> None:
        self.ended_by: signal.Signals | None = None
        self._terminal = terminal
        self._bell = bell
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")

    @classmethod
    @contextlib.contextmanager
    def open(cls, terminal: int) -> Iterator[Self]:
        """Take over the terminal of this file descriptor; afterwards everything is as it was, whatever happened."""
        before = termios.tcgetattr(terminal)
        bell, rope = os.pipe()
        os.set_blocking(rope, False)
        keyboard = cls(terminal, bell)
        handlers = {number: signal.signal(number, keyboard._heard) for number in (*ENDS, signal.SIGWINCH)}
        rung_before = signal.set_wakeup_fd(rope, warn_on_full_buffer=False)
        try:
            _read_keys(terminal)
            yield keyboard
        finally:
            with contextlib.suppress(termios.error):  # a terminal that was closed needs nothing any more
                termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            signal.set_wakeup_fd(rung_before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            os.close(bell)
            os.close(rope)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if number in ENDS:
            self.ended_by = signal.Signals(number)

    def keys(self, timeout_seconds: float) -> list[str]:
        """The keys pressed by then; comes back earlier for a key or a signal."""
        ready, _, _ = select.select([self._terminal, self._bell], [], [], timeout_seconds)
        if self._bell in ready:
            os.read(self._bell, MOST_BYTES)
        if self._terminal not in ready:
            return []
        try:
            pressed = os.read(self._terminal, MOST_BYTES)
        except OSError:
            pressed = b""
        if not pressed:  # its other end is gone
            self.ended_by = signal.SIGHUP
        return keys_of(self._decoder.decode(pressed))


def keys_of(text: str) -> list[str]:
    """The keys in what a terminal sent at once; arrows and their like are no keys of ours."""
    return list(SEQUENCE.sub("", text))


def _read_keys(terminal: int) -> None:
    """Keys come one by one and unseen; Ctrl-C still interrupts, Ctrl-Z does nothing: it would leave this screen up."""
    tty.setcbreak(terminal)
    mode = termios.tcgetattr(terminal)
    mode[_CHARACTERS][termios.VSUSP] = b"\0"
    termios.tcsetattr(terminal, termios.TCSADRAIN, mode)
