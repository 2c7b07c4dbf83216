"""Clients of several keys that share what slots there are, a process of its own: a Sharing goes in, a Sample comes out.

Both travel as JSON, as with the load client. Only the small keys' turns are in the Sample.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from scripts.benchmark.client import take_turn
from scripts.benchmark.connection import Tally
from scripts.benchmark.load import Load, Sample, sample
from scripts.benchmark.moment import Moment
from scripts.benchmark.request import request

SMALL_EVENTS = 10
GAP_MS = 30
"""A small turn keeps its slot for 0.3 s: its wait is far above what a busy machine adds to it."""

AHEAD_SECONDS = 0.5
SETTLE_SECONDS = 2.5
"""The small keys come first, or the greedy one would have every slot at once; no turn that was answered before all of
them have stood in the line for a while counts."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The clients of some keys: each key has so many turns of a size running or waiting at any time.

    `events` is how long a turn is on average; from turn to turn it varies by half, or all slots would go in step.
    """

    keys: list[str]
    at_a_time: int
    body_bytes: int
    events: int


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who asks the proxy at a port (of the loopback interface), and for how many seconds it is measured."""

    port: int
    seconds: float
    small: Crowd
    greedy: Crowd | None


async def client(load: Load, key: str, sessions: Iterator[int], tally: Tally, until: float) -> None:
    """One turn after the other, each in a session of its own: any account may serve it, so all stand in one line."""
    while time.perf_counter() < until:
        session = next(sessions)
        turn = replace(load, events=random.Random(session).randint(load.events // 2, load.events * 3 // 2))
        payload = request(session, turn.body_bytes, turn.events, turn.gap_ms, key)
        await take_turn(turn, payload, None, tally)


def clients(crowd: Crowd, port: int, tally: Tally, until: float) -> list[asyncio.Task[None]]:
    """Start all clients of a crowd; they begin no turn after that time (performance counter)."""
    load = Load(1, crowd.body_bytes, crowd.events, 0, gap_ms=GAP_MS, port=port)
    sessions = itertools.count(secrets.randbits(64))  # the proxy knows those of earlier rounds
    return [
        asyncio.create_task(client(load, key, sessions, tally, until))
        for key in crowd.keys
        for _ in range(crowd.at_a_time)
    ]


async def share(sharing: Sharing) -> Sample:
    """Let all ask, and measure once they stand in line; then all leave, answered or not."""
    small, greedy = Tally(), Tally()
    start = Moment.now(None, 0)
    until = start.at + SETTLE_SECONDS + sharing.seconds
    tasks = clients(sharing.small, sharing.port, small, until)
    await asyncio.sleep(AHEAD_SECONDS)
    others = clients(sharing.greedy, sharing.port, greedy, until) if sharing.greedy else []
    await asyncio.sleep(SETTLE_SECONDS - AHEAD_SECONDS)
    small.first_ms.clear()
    await asyncio.sleep(until - time.perf_counter())
    failed, failure = small.failed + greedy.failed, small.failure or greedy.failure
    found = sample(replace(small, failed=failed, failure=failure), start.until(Moment.now(None, small.events)))
    for task in (*tasks, *others):
        task.cancel()
    await asyncio.gather(*tasks, *others, return_exceptions=True)
    return found


def read_sharing(text: str) -> Sharing:
    """A Sharing out of JSON."""
    fields: dict[str, Any] = json.loads(text)
    small, greedy = fields.pop("small"), fields.pop("greedy")
    return Sharing(small=Crowd(**small), greedy=Crowd(**greedy) if greedy else None, **fields)


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(share(read_sharing(sys.argv[1]))))))
