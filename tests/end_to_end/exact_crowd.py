"""Clients that do what was planned through one proxy after the other; what each of them saw comes out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import aiohttp

from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Moment
from tests.end_to_end.crowd import CODEX, PATIENCE
from tests.end_to_end.exact_plan import Leaves, Planned
from tests.end_to_end.stage import Serve

LOOK_SECONDS = 0.05
LAST_EVENT = b"event: response.completed"
DELTA = b"event: response.output_text.delta"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the client of a request saw: the status (None: nothing was answered) and when it was over.

    `is_broken`: the proxy was gone before the end of the answer.
    """

    request: Planned
    status: int | None
    ended_at: float
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class Killed:
    """The requests that a proxy had until it was killed, and when that was (unix seconds)."""

    names: list[str]
    at: float


class Calls:
    """Tells when the upstream has a call that it will not answer to its end."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self._simulator = simulator
        self._last = 0
        self._waiting: dict[str, asyncio.Event] = {}

    async def silent(self, name: str) -> None:
        """Until the upstream has fallen silent, or is about to, in a call of this request."""
        await self._waiting.setdefault(name, asyncio.Event()).wait()

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch())
            try:
                yield
            finally:
                watching.cancel()

    async def _watch(self) -> None:
        while True:
            for entry in await asyncio.to_thread(self._simulator.log, self._last):
                self._last = max(self._last, entry.number)
                if entry.fault.act is Act.SILENCE and entry.fault.at is not Moment.COMPLETED:
                    self._waiting.setdefault(entry.fault.thread or "", asyncio.Event()).set()
            await asyncio.sleep(LOOK_SECONDS)


async def read(answer: aiohttp.ClientResponse, leaves: Leaves) -> None:
    """Read an answer to its end, or as far as the client likes."""
    found = b""
    async for piece in answer.content.iter_any():
        found += piece
        if leaves is Leaves.IN_THE_MIDDLE and found.count(DELTA) == 3 and found.endswith(b"\n\n"):
            return
        if leaves is Leaves.AT_THE_LAST_EVENT and LAST_EVENT in found and found.endswith(b"\n\n"):
            return


class Clients:
    """Send what is planned, so many at a time; `seen` is what they saw until now."""

    def __init__(self, planned: Iterable[Planned], keys: tuple[str, str], calls: Calls) -> None:
        self.left = deque(planned)
        self.seen: list[Seen] = []
        self._good_key, self._narrow_key = keys
        self._calls = calls
        self._proxy: Serve | None = None

    async def run(self, proxy: Serve, at_a_time: int) -> None:
        """Go on through this proxy until all have asked or it is killed."""
        self._proxy = proxy
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as session,
            asyncio.TaskGroup() as workers,
        ):
            for _ in range(at_a_time):
                workers.create_task(self._work(session))

    def kill(self) -> float:
        """Kill the proxy under their hands; nobody asks it any more. Returns when that was."""
        assert self._proxy
        self._proxy.kill()
        self._proxy = None
        return time.time()

    async def hold(self, requests: Sequence[Planned], group: asyncio.TaskGroup) -> None:
        """Ask these beside the others; returns when the upstream has them all."""
        assert self._proxy
        for request in requests:
            group.create_task(self._ask_alone(self._proxy, request))
        for request in requests:
            await self._calls.silent(request.name)

    async def _ask_alone(self, proxy: Serve, request: Planned) -> None:
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            await self._ask(session, proxy, request)

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while self._proxy and self.left:
            await self._ask(session, self._proxy, self.left.popleft())

    async def _ask(self, session: aiohttp.ClientSession, proxy: Serve, request: Planned) -> None:
        status, is_broken = None, False
        try:
            match request.kind.leaves:
                case Leaves.IN_ITS_UPLOAD:
                    await self._upload_half(proxy, request)
                case Leaves.ONCE_CALLED:
                    await self._turn_left(session, proxy, request)
                case _:
                    status = await self._turn(session, proxy, request)
        except (OSError, aiohttp.ClientError):
            assert proxy is not self._proxy, f"{request.name}: the proxy broke off"
            is_broken = True
        self.seen.append(Seen(request, status, time.time(), is_broken))

    def _authorization(self, request: Planned) -> str:
        return f"Bearer {self._narrow_key if request.kind.is_refused else self._good_key}"

    async def _turn(self, session: aiohttp.ClientSession, proxy: Serve, request: Planned) -> int | None:
        """The status, as far as the client stayed to see it."""
        headers = {**request.headers, "authorization": self._authorization(request)}
        async with session.post(proxy.origin + CODEX.path, data=request.body, headers=headers) as answer:
            try:
                await read(answer, request.kind.leaves)
            except aiohttp.ClientPayloadError:  # the kind of the request says whether it was to be cut
                if proxy is not self._proxy:
                    raise
            return answer.status

    async def _turn_left(self, session: aiohttp.ClientSession, proxy: Serve, request: Planned) -> None:
        """Leave as soon as the upstream has the call."""
        turn = asyncio.create_task(self._turn(session, proxy, request))
        called = asyncio.create_task(self._calls.silent(request.name))
        await asyncio.wait({turn, called}, return_when=asyncio.FIRST_COMPLETED)
        turn.cancel()
        called.cancel()
        [found, _] = await asyncio.gather(turn, called, return_exceptions=True)
        if isinstance(found, aiohttp.ClientError):  # the proxy was killed before
            raise found

    async def _upload_half(self, proxy: Serve, request: Planned) -> None:
        headers = {**request.headers, "authorization": self._authorization(request), "host": "localhost"}
        lines = [f"{name}: {value}" for name, value in {**headers, "content-length": len(request.body)}.items()]
        head = "\r\n".join((f"POST {CODEX.path} HTTP/1.1", *lines, "", "")).encode()
        _, writer = await asyncio.open_connection(*proxy.address)
        try:
            writer.write(head + request.body[: len(request.body) // 2])
            await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()
