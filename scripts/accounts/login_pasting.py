"""What is typed or pasted while something else is waited for: lines of standard input come out as they come in.

Nothing here ever waits: not the event loop for a line, and not the end of the process for a reader.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self

CHUNK_BYTES = 4096
MOST_BYTES = 1 << 16
"""An address has some 500 bytes: what goes on and on is not being pasted by a person."""


def standard_input() -> int | None:
    """Its descriptor; None where it is closed or no file. A closed one's number may be another file's by now."""
    try:
        return sys.stdin.fileno() if sys.stdin and not sys.stdin.closed else None
    except io.UnsupportedOperation:
        return None


class Pasting:
    """Gives each line to `on_line` while it is entered, and calls `on_end` when there will be no more."""

    def __init__(self, descriptor: int | None, on_line: Callable[[str], None], on_end: Callable[[], None]) -> None:
        self.descriptor = descriptor
        self.on_line = on_line
        self.on_end = on_end
        self.loop = asyncio.get_running_loop()
        self.unfinished = b""
        self.left_bytes = MOST_BYTES

    def __enter__(self) -> Self:
        if self.descriptor is None:
            self.on_end()
            return self
        try:
            self.loop.add_reader(self.descriptor, self.read)
        except PermissionError:  # epoll takes no plain files and no /dev/null: reading those never waits
            while self.read():
                pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.descriptor is not None:
            self.loop.remove_reader(self.descriptor)

    def read(self) -> bool:
        """Take what is there; False at the end."""
        assert self.descriptor is not None
        try:
            data = os.read(self.descriptor, min(CHUNK_BYTES, self.left_bytes))
        except BlockingIOError:
            return True
        except OSError:  # its terminal is gone
            data = b""
        self.left_bytes -= len(data)
        *lines, self.unfinished = (self.unfinished + data).split(b"\n")
        if not data:
            lines.append(self.unfinished)
            self.loop.remove_reader(self.descriptor)
        for line in lines:
            self.on_line(line.decode(errors="replace"))
        if not data:
            self.on_end()
        return bool(data)
