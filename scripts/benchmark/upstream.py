"""A process of its own that answers Codex requests as fast as Python can: bytes in, prebuilt answers out.

The request says what it wants in `x-benchmark: <events> <gap in ms>`: without a gap the whole answer is written at
once, with one each event is a write of its own. Started with `python -m scripts.benchmark.upstream <port>`.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from functools import lru_cache

from scripts.benchmark.answers import NOT_FOUND, timed_event, whole_answer

PATH = b"POST /backend-api/codex/responses "
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
WANTED = re.compile(rb"\r\nx-benchmark: *(\d+) (\d+)", re.IGNORECASE)
BACKLOG = 1024
"""Hundreds of slow streams arrive within a second."""

prebuilt = lru_cache(whole_answer)


def wanted(head: bytes) -> tuple[int, int] | None:
    """How many events, and how many milliseconds apart; None for anything but a benchmark's Codex request."""
    found = WANTED.search(head)
    return (int(found[1]), int(found[2])) if found and head.startswith(PATH) else None


def body_length(head: bytes) -> int:
    """The bytes that follow a request's head."""
    found = LENGTH.search(head)
    return int(found[1]) if found else 0


class Upstream(asyncio.Protocol):
    """One connection: request after request, each read to its end before it is answered."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.head = b""
        self.missing = 0
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.head += data
            head, end, rest = self.head.partition(b"\r\n\r\n")
            if not end:
                return
            self.head, self.missing = head, body_length(head) - len(rest)
        if self.missing <= 0:
            self.answer()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def answer(self) -> None:
        order = wanted(self.head)
        self.head, self.missing = b"", 0
        if order is None:
            self.transport.write(NOT_FOUND)
        elif order[1] == 0:
            self.transport.write(prebuilt(order[0]))
        else:
            # each stream's events fall between those of the others, as those of people do
            gap = order[1] / 1000
            self.say(0, order[0], gap, self.loop.time() - random.random() * gap)

    def say(self, index: int, events: int, gap_seconds: float, started: float) -> None:
        """Write one event and come back for the next; times count from `started`, so that no lateness adds up."""
        self.transport.write(timed_event(index, events, time.monotonic_ns()))
        if index + 1 < events:
            due = started + (index + 1) * gap_seconds
            self.timer = self.loop.call_at(due, self.say, index + 1, events, gap_seconds, started)


async def serve(port: int) -> None:
    """Answer on a port of the loopback interface until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", port, backlog=BACKLOG)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
