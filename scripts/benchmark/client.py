"""The load client, a process of its own: a Load goes in as JSON (first argument), a Sample comes out as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, replace

from scripts.benchmark.connection import Connection, Tally
from scripts.benchmark.load import Load, Sample, sample
from scripts.benchmark.moment import Moment
from scripts.benchmark.request import request

SETTLE_SECONDS = 0.15
"""A proxy's own last work on a turn (its log row) comes after the client has been answered."""

GRACE_SECONDS = 10.0
"""How long streams may take to start, and turns under way to end when the time is up; then they have failed."""

PAUSE_SECONDS = 0.05
"""Between a failed turn and the next, so that a refused connection is not tried thousands of times."""


async def take_turn(load: Load, payload: bytes, kept: Connection | None, tally: Tally) -> Connection | None:
    """Take one turn on the connection that was kept, else on a new one; gives back the one to keep."""
    connection, began = kept, time.perf_counter()
    try:
        connection = connection or await Connection.open(load.port, tally, aged=load.gap_ms > 0)
        failure = await connection.ask(payload, load.events, began)
    except OSError as error:
        failure = f"connecting failed: {error}"
    except asyncio.CancelledError:
        tally.add("no end of the answer in time")
        if connection is not None:
            connection.close()
        raise
    tally.add(failure)
    if failure is None and load.kept:
        return connection
    if connection is not None:
        connection.close()
    return None


async def stream(load: Load, number: int, tally: Tally, until: float) -> None:
    """Take turns until that time (performance counter), at least one."""
    payload = request(number, load.body_bytes, load.events, load.gap_ms)
    kept: Connection | None = None
    while True:
        failed = tally.failed
        kept = await take_turn(load, payload, kept, tally)
        if time.perf_counter() >= until:
            break
        if tally.failed > failed:
            await asyncio.sleep(PAUSE_SECONDS)
    if kept is not None:
        kept.close()


async def finish(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for the streams to end; those that do not are cut off, and failed."""
    _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def closed_loop(load: Load) -> Sample:
    """Each stream asks again as soon as it is answered: for rates, first tokens and the cost of a turn."""
    tally = Tally()
    start = Moment.now(load.watch, tally.events)
    until = start.at + load.seconds
    await finish([asyncio.create_task(stream(load, number, tally, until)) for number in range(load.streams)])
    seconds = time.perf_counter() - start.at
    await asyncio.sleep(SETTLE_SECONDS)
    span = start.until(Moment.now(load.watch, tally.events))
    return sample(tally, replace(span, seconds=seconds))


async def open_all(load: Load, tally: Tally) -> list[asyncio.Task[None]]:
    """Open the held streams one by one and wait until each has had its first event, or has failed."""
    tasks = []
    for number in range(load.streams):
        tasks.append(asyncio.create_task(stream(load, number, tally, until=0)))
        await asyncio.sleep(load.ramp_seconds / load.streams)
    deadline = time.perf_counter() + GRACE_SECONDS
    while len(tally.first_ms) + tally.failed < load.streams and time.perf_counter() < deadline:  # noqa: ASYNC110  rare
        await asyncio.sleep(PAUSE_SECONDS)
    return tasks


async def held_streams(load: Load) -> Sample:
    """All streams open at once, their events paced: for the cost of an event, memory and lateness."""
    tally = Tally()
    tasks = await open_all(load, tally)
    tally.age_ms.clear()
    start = Moment.now(load.watch, tally.events)
    if under_way := [task for task in tasks if not task.done()]:
        await asyncio.wait(under_way, timeout=load.seconds, return_when=asyncio.FIRST_COMPLETED)
    span = start.until(Moment.now(load.watch, tally.events))
    ages = list(tally.age_ms)
    await finish(tasks)
    return sample(replace(tally, age_ms=ages), span)


def main() -> None:
    """Run the load of the command line's first argument."""
    load = Load(**json.loads(sys.argv[1]))
    shape = held_streams if load.gap_ms else closed_loop
    print(json.dumps(asdict(asyncio.run(shape(load)))))


if __name__ == "__main__":
    main()
