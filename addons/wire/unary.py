"""Reads an answer that is one JSON body (compaction, search, an error) while it goes by."""

from __future__ import annotations

MAX_READ_BYTES = 4 * 1024 * 1024
"""A larger body passes all the same; what it used is then unknown."""


class Body:
    """Collects a body up to a bound; one that is larger is not read at all."""

    def __init__(self, limit: int = MAX_READ_BYTES) -> None:
        self._parts: list[bytes] = []
        self._room = limit

    def feed(self, data: bytes, now: float) -> None:
        """Take a piece of the body; the time does not matter here."""
        self._room -= len(data)
        if self._room >= 0:
            self._parts.append(data)
        else:
            self._parts.clear()

    @property
    def content(self) -> bytes:
        """The body, or nothing when it was larger than the bound."""
        return b"".join(self._parts)
