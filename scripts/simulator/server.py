"""The simulated ChatGPT as a server: each request meets its fault and its endpoint, and is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from scripts.simulator.account import AccountChange, Books
from scripts.simulator.authorize import AuthorizeApi
from scripts.simulator.bodies import LIMIT_BYTES, decode, parse_object
from scripts.simulator.call import Call, Cut, reset
from scripts.simulator.codex import TREE, CodexApi
from scripts.simulator.control import PREFIX, ControlApi
from scripts.simulator.device_api import DeviceApi
from scripts.simulator.faults import Fault, Moment
from scripts.simulator.files import FilesApi
from scripts.simulator.journal import Ending, Entry
from scripts.simulator.oauth import OAuthApi
from scripts.simulator.refusals import Refusal, not_found
from scripts.simulator.wham import WhamApi
from scripts.simulator.world import Settings, World, bearer

STOP_SECONDS = 0.01
"""Streams under way are ended at once: whoever stops the simulator wants it gone."""


class Refuser(asyncio.Protocol):
    """Resets a connection as soon as it stands."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        reset(transport)


def _object_in(request: web.Request, raw: bytes) -> dict[str, Any] | Refusal:
    """The JSON object or form in a body, empty when there is none; a Refusal when it cannot be read."""
    try:
        decoded = decode(raw, request.headers.get("content-encoding", ""))
        if request.content_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(decoded.decode(errors="replace")))
        return parse_object(decoded) if decoded else {}
    except Refusal as refusal:
        return refusal


class Simulator:
    """A ChatGPT of one's own: `async with Simulator(accounts="plus,pro") as sim: ... sim.origin`.

    Settings are given by name (see Settings); port 0 takes a free one. `now` replaces the clock, `on_end`
    hears of every request that has ended.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        now: Callable[[], float] = time.time,
        on_end: Callable[[Entry], None] | None = None,
        **settings: Any,
    ) -> None:
        self.world = World(Settings(**settings), now, on_end)
        self._codex = CodexApi(self.world)
        self._files = FilesApi(self.world)
        self._routes = {
            **self._codex.routes(),
            **WhamApi(self.world).routes(),
            **AuthorizeApi(self.world).routes(),
            **DeviceApi(self.world).routes(),
            **OAuthApi(self.world).routes(),
        }
        self._port = port
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    @property
    def origin(self) -> str:
        """Where it listens, as scheme://host:port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def log(self) -> list[Entry]:
        """Everything received so far, oldest first."""
        return self.world.journal.since()

    def script(self, *faults: Fault) -> None:
        """Queues faults for the calls to come."""
        self.world.faults.script(*faults)

    def auth_json(self, name: str, expires_in: float | None = None) -> str:
        """The auth.json of a new login of that account."""
        return self.world.login(name, expires_in)

    def change(self, name: str, change: AccountChange) -> None:
        """Does something to an account: fills a window, expires its tokens, deactivates it."""
        self.world.change(name, change)

    def approve_device(self, user_code: str, name: str) -> None:
        """Allows the device that shows this code to log in as that account."""
        self.world.approve_device(user_code, name)

    def refuse_device(self, user_code: str) -> None:
        """Refuses the login of the device that shows this code."""
        self.world.devices.refuse(user_code)

    def books(self) -> dict[str, Books]:
        """What every account was asked and gave."""
        return {name: account.books for name, account in self.world.accounts.items()}

    async def __aenter__(self) -> Simulator:
        app = web.Application(client_max_size=LIMIT_BYTES)
        app.add_subapp(PREFIX, ControlApi(self.world).application())
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(
            app,
            auto_decompress=False,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=STOP_SECONDS,
        )
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            self._accept, "127.0.0.1", self._port, backlog=1024
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None and self._runner is not None
        self._server.close()
        await self._runner.cleanup()

    def _accept(self) -> asyncio.BaseProtocol:
        if self.world.faults.take_accept():
            return Refuser()
        assert self._runner is not None and self._runner.server is not None
        return self._runner.server()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request, await request.read())
        journal, clock = self.world.journal, self.world.clock
        try:
            await self._answer(call)
        except Cut:
            journal.end(call.entry, Ending.CUT, clock.now())
        except (asyncio.CancelledError, ConnectionError):
            journal.end(call.entry, Ending.LEFT, clock.now())
            raise
        journal.end(call.entry, Ending.WHOLE, clock.now())
        return call.response or web.Response()

    def _call(self, request: web.Request, raw: bytes) -> Call:
        journal, url = self.world.journal, request.rel_url
        entry = Entry(
            number=journal.next_number(),
            at=self.world.clock.now(),
            method=request.method,
            path=url.raw_path,
            query=url.raw_query_string,
            headers=tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in request.raw_headers),
            body=raw,
        )
        journal.open(entry)
        body = _object_in(request, raw)
        known = {} if isinstance(body, Refusal) else body
        model = known.get("model")
        secret = known.get("refresh_token") or known.get("code") or bearer(request.headers)
        entry.model = model if isinstance(model, str) else None
        entry.account = self.world.holder(str(secret))
        entry.fault = self.world.faults.take(entry.account, entry.path, entry.model, entry.header("thread-id"))
        return Call(request, entry, body)

    async def _answer(self, call: Call) -> None:
        await call.reach(Moment.REQUEST)
        if call.fault.status is not None:
            await call.scripted()
            return
        try:
            await self._endpoint(call)
        except Refusal as refusal:
            await call.json(refusal.status, refusal.body, refusal.headers)

    async def _endpoint(self, call: Call) -> None:
        method, path = call.entry.method, call.entry.path
        handler = self._routes.get((method, path)) or self._files.handler(method, path)
        if handler is None and path.startswith(TREE):
            handler = self._codex.echo
        if handler is None:
            raise not_found()
        await handler(call)
