"""Where a body ends in an HTTP/1 connection: what came in, the body's own bytes out, and what is left over.

Read strictly, as the head is: a chunk ends where it says, and nothing follows the last one of a request.
"""

from __future__ import annotations

import re
from typing import Protocol

MOST_LINE_BYTES = 256
"""A chunk's line holds its length; what it may hold beside, nobody uses."""

MOST_TRAILER_BYTES = 8192
"""Of one line behind an answer."""

_LINE_END = b"\r\n"
_LENGTH = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")


class FramingError(Exception):
    """A body whose end cannot be told; the text is for the client. `before` is what came of it until then."""

    before = b""


class Framing(Protocol):
    """What reads a body."""

    ended: bool

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """The body's bytes in these, and what cannot be read yet or follows the body; raises FramingError."""


class Sized:
    """A body whose length is known."""

    def __init__(self, length: int) -> None:
        self.missing = length
        self.ended = length == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        body, rest = data[: self.missing], data[self.missing :]
        self.missing -= len(body)
        self.ended = self.missing == 0
        return body, rest


class Chunked:
    """A body in chunks; trailers behind it are dropped, or not allowed."""

    def __init__(self, drops_trailers: bool = False) -> None:
        self.drops_trailers = drops_trailers
        self.most_line_bytes = MOST_TRAILER_BYTES if drops_trailers else MOST_LINE_BYTES
        self.missing = 0  # of the chunk, with the line end behind it
        self.last = False
        self.ended = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        parts: list[bytes] = []
        try:
            at = self._read(data, parts)
        except FramingError as error:
            error.before = b"".join(parts)
            raise
        return b"".join(parts), data[at:]

    def _read(self, data: bytes, parts: list[bytes]) -> int:
        at = 0
        while not self.ended:
            before = at
            at = self._in_chunk(data, at, parts) if self.missing else self._between(data, at)
            if at == before:
                break
        return at

    def _in_chunk(self, data: bytes, at: int, parts: list[bytes]) -> int:
        """Take what there is of the chunk; its line end only as a whole."""
        end = at + self.missing
        if data[end - len(_LINE_END) : end] == _LINE_END:  # mostly all of it is there
            parts.append(data[at : end - len(_LINE_END)])
            self.missing = 0
            return end
        if self.missing > len(_LINE_END):
            piece = data[at : at + self.missing - len(_LINE_END)]
            parts.append(piece)
            self.missing -= len(piece)
            return at + len(piece)
        found = data[at : at + len(_LINE_END)]
        if not _LINE_END.startswith(found):
            raise FramingError("A chunk of the body is longer than it says.")
        if found != _LINE_END:
            return at
        self.missing = 0
        return at + len(_LINE_END)

    def _between(self, data: bytes, at: int) -> int:
        """Read the line before a chunk, or the empty one behind the last."""
        end = data.find(_LINE_END, at, at + self.most_line_bytes)
        if end < 0:
            if len(data) - at >= self.most_line_bytes:
                raise FramingError("A chunk of the body begins with a line that is too long.")
            if data.find(b"\n", at) >= 0:
                raise FramingError("A line between the chunks of the body does not end with CR LF.")
            return at
        line = data[at:end]
        if self.last:
            if line and (not self.drops_trailers or b"\n" in line):
                raise FramingError("Nothing may follow the last chunk of the body: no trailers.")
            self.ended = not line
        else:
            self._begin(line)
        return end + len(_LINE_END)

    def _begin(self, line: bytes) -> None:
        match = _LENGTH.fullmatch(line)
        if match is None:
            raise FramingError("A chunk of the body does not begin with its length.")
        length = int(match[1], 16)
        self.last = length == 0
        self.missing = length + len(_LINE_END) if length else 0
