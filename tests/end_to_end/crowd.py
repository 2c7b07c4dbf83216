"""Many clients of one proxy at a time: each sends a turn as Codex does and keeps what it was answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from tests.captures import captured

CODEX = captured("turn1_gpt_5_5")[0]
"""A first turn of 10 KB; bare-minimum bodies mislead."""

HEADERS = {name: value for name, value in CODEX.headers if name not in ("host", "content-length", "thread-id")}
"""What the real client sends, but for the thread: that is each turn's own and finds its row in the ledger."""

T = TypeVar("T")

PATIENCE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, slots=True)
class Said:
    """What one turn was answered; times in seconds, to the first byte of the body and to its end."""

    thread: str
    status: int
    headers: dict[str, str]
    body: bytes
    first_seconds: float
    seconds: float

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of a stream."""
        return [json.loads(line[6:]) for line in self.body.split(b"\n") if line.startswith(b"data: ")]

    @property
    def error(self) -> dict[str, Any]:
        """The error of an answer that is none."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error


class Crowd:
    """Clients of the proxy at `origin`; like Codex, each turn has a connection of its own."""

    def __init__(self, origin: str, session: aiohttp.ClientSession) -> None:
        self.url = origin + CODEX.path
        self.session = session
        self.count = itertools.count(1)

    async def turn(self, session: str | None = None) -> Said:
        """One turn to its end, of a session of its own unless one is named."""
        thread, began = f"thread-{next(self.count)}", time.perf_counter()
        headers = HEADERS | {"thread-id": thread, "session-id": session or thread}
        async with self.session.post(self.url, data=CODEX.body, headers=headers) as answer:
            first = await answer.content.readany()
            first_seconds = time.perf_counter() - began
            body = first + await answer.read()
        fields = {name.lower(): value for name, value in answer.headers.items()}
        return Said(thread, answer.status, fields, body, first_seconds, time.perf_counter() - began)

    async def turns(self, sessions: Iterable[str | None], at_a_time: int) -> list[Said]:
        """A turn of each session, so many at a time."""
        said: list[Said] = []

        async def turn(session: str | None) -> None:
            said.append(await self.turn(session))

        await together(turn, sessions, at_a_time)
        return said

    async def leave(self, seconds: Iterable[float], at_a_time: int) -> None:
        """A turn for each of these, so many at a time, whose client is gone after so long, answered or not."""
        await together(self.turn_left, seconds, at_a_time)

    async def turn_left(self, seconds: float) -> None:
        """A turn whose client is gone after so long."""
        with contextlib.suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(seconds):
                await self.turn()

    @contextlib.asynccontextmanager
    async def staying(self, count: int) -> AsyncIterator[None]:
        """So many turns at the same time, left at the end of the block."""
        async with asyncio.TaskGroup() as clients:
            tasks = [clients.create_task(self.turn()) for _ in range(count)]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()


async def together(act: Callable[[T], Awaitable[None]], values: Iterable[T], at_a_time: int) -> None:
    """Does something with each value, so many at a time."""
    left = iter(values)

    async def worker() -> None:
        for value in left:
            await act(value)

    async with asyncio.TaskGroup() as workers:
        for _ in range(at_a_time):
            workers.create_task(worker())


@contextlib.asynccontextmanager
async def crowd(origin: str) -> AsyncIterator[Crowd]:
    """Clients of the proxy at this origin."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as session:
        yield Crowd(origin, session)


async def until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether something came true in that time; it is looked at in a thread, for it may ask another process."""
    deadline = time.monotonic() + seconds
    while not (found := await asyncio.to_thread(holds)) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return found
