"""Where the browser comes back to: a listener on this machine, there only as long as a login waits.

What it comes with goes to whoever waits; what became of the login goes back to the browser as a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from addons.wire.logins import CALLBACK_PATH
from scripts.accounts.login_pages import HEADERS, NOT_FOUND, STRANGER, UNFINISHED, Page, html

HOST = "127.0.0.1"

SUCCESS_PATH = "/success"
"""Where a browser is sent on to, so that the code stands neither in its address bar nor in its history."""

FAREWELL_SECONDS = 2.0
"""How long a browser that came back may take to fetch the page it was sent on to."""

PARTING_SECONDS = 1.0
"""How long it may then take to hang up. Who hangs up first keeps the port busy, so we do not unless we must."""

NOWHERE = logging.Logger("callbacks", logging.CRITICAL + 1)
"""Where the library's words go: they would hold codes, and what strangers send is not for the terminal."""

SHUTDOWN_SECONDS = 0.01
"""How long the answers to connections that are gone may take to notice."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: such a socket is gone at once."""


class CallbackListener:
    """Listens on the first of `ports` that is free while it is entered; on none, and `port` is None, if all are taken.

    `offer` is given the query of each callback and says whether it was the one that is waited for.
    """

    def __init__(self, offer: Callable[[str], bool], ports: Sequence[int]) -> None:
        self.offer = offer
        self.ports = ports
        self.port: int | None = None
        self.outcome: asyncio.Future[Page] = asyncio.get_running_loop().create_future()
        self.came_back = False
        self.was_told = asyncio.Event()
        self.server = web.Server(self.answer, access_log=None, logger=NOWHERE)
        self.listening: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        for port in self.ports:
            try:
                await self.listen(port)
            except OSError:
                continue
            break
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Every way out ends here: the browser is told, and the port is free."""
        self.tell(UNFINISHED)
        if self.came_back:
            await within(FAREWELL_SECONDS, self.was_told.wait())
        if self.listening:
            self.listening.close()
        if self.came_back:
            await within(PARTING_SECONDS, self.hung_up())
        for transport in self.connections():
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            transport.abort()
        await self.server.shutdown(SHUTDOWN_SECONDS)

    async def listen(self, port: int) -> None:
        """Take the port; raises OSError."""
        self.listening = await asyncio.get_running_loop().create_server(self.server, HOST, port)
        self.port = self.listening.sockets[0].getsockname()[1]

    def tell(self, page: Page) -> None:
        """What the browser is to see, unless it has been said already."""
        if not self.outcome.done():
            self.outcome.set_result(page)

    def connections(self) -> list[asyncio.Transport]:
        """Those that are still open."""
        found = [connection.transport for connection in self.server.connections]
        return [transport for transport in found if isinstance(transport, asyncio.Transport)]

    async def hung_up(self) -> None:
        """Returns when none is open any more."""
        while self.connections():  # noqa: ASYNC110 - the library has no event for it
            await asyncio.sleep(0.01)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """GET /auth/callback and, once it is known, GET /success; by another name nobody has business here.

        That name keeps out pages of other sites whose own name was made to lead here (DNS rebinding).
        """
        is_ours = request.headers.get("host", "").lower() in (f"{HOST}:{self.port}", f"localhost:{self.port}")
        match request.method, request.rel_url.raw_path:
            case "GET", path if is_ours and path == CALLBACK_PATH:
                return await self.come_back(request.rel_url.raw_query_string)
            case "GET", path if is_ours and path == SUCCESS_PATH and self.has_succeeded():
                return self.last_page()
        return page_response(NOT_FOUND)

    async def come_back(self, query: str) -> web.Response:
        """The answer to a callback; for the right one it takes until the login has gone well or not."""
        if not self.offer(query):
            return page_response(STRANGER)
        self.came_back = True
        await asyncio.shield(self.outcome)
        if self.has_succeeded():
            return web.Response(status=302, headers={**HEADERS, "location": SUCCESS_PATH})
        return self.last_page()

    def has_succeeded(self) -> bool:
        return self.outcome.done() and self.outcome.result().status == 200

    def last_page(self) -> web.Response:
        self.was_told.set()
        return page_response(self.outcome.result())


def page_response(page: Page) -> web.Response:
    """The page, with the request to hang up after it."""
    return web.Response(status=page.status, body=html(page), headers={**HEADERS, "connection": "close"})


async def within(seconds: float, happening: Awaitable[object]) -> None:
    """Wait until it is so, or long enough."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await happening
