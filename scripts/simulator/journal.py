"""What the simulator received and how it answered: one entry per request, in the order of arrival."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from scripts.simulator.faults import ORDINARY, Fault
from scripts.simulator.usage import Usage

KEPT_ENTRIES = 20_000
KEPT_BODY_BYTES = 256 * 1024 * 1024
"""Long runs must not fill the memory: beyond this the oldest entries lose their bodies, or go."""


class Ending(enum.StrEnum):
    """How an exchange ended."""

    WHOLE = "whole"  # the whole answer was sent
    CUT = "cut"  # a fault cut it
    LEFT = "left"  # the client left before the end


@dataclass(slots=True)
class Entry:
    """One request as it came over the wire, and what became of it. Times are unix seconds."""

    number: int
    at: float
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    account: str | None = None
    model: str | None = None
    fault: Fault = ORDINARY
    status: int | None = None
    sent_bytes: int = 0
    response_id: str | None = None
    text: str | None = None
    usage: Usage | None = None
    completed: bool = False
    """The event that ends a response (or the unary answer) was sent, and its tokens are in the books."""
    ending: Ending | None = None
    ended_at: float | None = None

    def header(self, name: str) -> str | None:
        """The first value of a request header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Journal:
    """Keeps the entries; `on_end` hears of each when it has ended."""

    def __init__(self, on_end: Callable[[Entry], None] | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._with_body: deque[Entry] = deque()
        self._body_bytes = 0
        self._on_end = on_end
        self.count = 0

    def open(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._with_body.append(entry)
        self._body_bytes += len(entry.body or b"")
        while self._body_bytes > KEPT_BODY_BYTES:
            oldest = self._with_body.popleft()
            self._body_bytes -= len(oldest.body or b"")
            oldest.body = None

    def next_number(self) -> int:
        self.count += 1
        return self.count

    def end(self, entry: Entry, ending: Ending, now: float) -> None:
        """The first ending said is the one that counts."""
        if entry.ending is not None:
            return
        entry.ending, entry.ended_at = ending, now
        if self._on_end:
            self._on_end(entry)

    def since(self, number: int = 0) -> list[Entry]:
        """Entries after that number, oldest first."""
        return [entry for entry in self._entries if entry.number > number]
