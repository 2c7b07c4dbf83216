"""One connection of the load client: requests go out, answers are read to their end and counted."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from scripts.benchmark.answers import END, MARK, SENT_AT

OK = b"HTTP/1.1 200"
HEAD_BYTES = 200
"""Enough of an answer's head to say what was answered."""

TAIL_BYTES = 19
"""Kept of a read in case an event's time (20 bytes) or the answer's end was cut; one less: none may count twice."""


@dataclass(slots=True)
class Tally:
    """What a load has seen so far; every turn adds to it."""

    turns: int = 0
    failed: int = 0
    failure: str | None = None
    events: int = 0
    first_ms: list[float] = field(default_factory=list)
    age_ms: list[float] = field(default_factory=list)

    def add(self, failure: str | None) -> None:
        """Count a turn that has ended; `failure` says why it was no good."""
        self.turns += 1
        if failure is not None:
            self.failed += 1
            self.failure = self.failure or failure


class Connection(asyncio.Protocol):
    """Sends one turn after the other and reads each answer to its end; it looks at no more of it than it must."""

    transport: asyncio.Transport

    def __init__(self, tally: Tally, aged: bool) -> None:
        self.tally = tally
        self.aged = aged
        self.done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int, tally: Tally, aged: bool) -> Connection:
        """Connect to a port of the loopback interface; `aged` says whether to note the age of every event."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(tally, aged), "127.0.0.1", port)
        return connection

    async def ask(self, request: bytes, expected: int, began: float) -> str | None:
        """Send a turn that `expected` events answer; `began` is when it began for the user (performance counter)."""
        self.expected = expected
        self.began = began
        self.events = 0
        self.head = self.tail = b""
        if not self.done.done():
            self.transport.write(request)
        failure = await self.done
        self.done = asyncio.get_running_loop().create_future()
        return failure

    def close(self) -> None:
        """Leave; an answer under way is left too."""
        self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if len(self.head) < len(OK):
            self.head += data[:HEAD_BYTES]
        if not self.head.startswith(OK[: len(self.head)]):
            self.end(f"answered {self.head.splitlines()[0].decode(errors='replace')!r}")
            return
        if found := data.count(MARK):
            self.count(found)
        if self.aged:
            self.note_ages(self.tail + data)
        self.tail = (self.tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]
        if self.tail.endswith(END):
            self.end(None if self.events == self.expected else f"{self.events} of {self.expected} events came")

    def connection_lost(self, exc: Exception | None) -> None:
        self.end("the connection was closed before the end of the answer")

    def count(self, found: int) -> None:
        if self.events == 0:
            self.tally.first_ms.append((time.perf_counter() - self.began) * 1000)
        self.events += found
        self.tally.events += found

    def note_ages(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self.tally.age_ms.extend((now - int(sent)) / 1e6 for sent in SENT_AT.findall(data))

    def end(self, failure: str | None) -> None:
        if not self.done.done():
            self.done.set_result(failure)
