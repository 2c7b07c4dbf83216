"""Two upstreams and an account for each: `a` demands nothing, the workspace of `eu` an upstream of its own."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from addons.upstream import Upstream as UpstreamStep
from codexlb_store.accounts import account_id, set_residency
from codexlb_store.sessions import Home, save_home
from tests.addons.proxy import Proxy, Upstream, running, store_with

A, EU = account_id("user-a", "acct-a"), account_id("user-eu", "acct-eu")
TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as an upstream saw it: the account, the Host header, the routing overrides."""

    account: str
    host: str
    overrides: tuple[str, ...]


def at(origin: str, account: str, *overrides: str) -> Seen:
    """What a request of that account to that origin should look like."""
    return Seen(f"acct-{account}", origin.partition("://")[2], overrides)


def seen_by(upstream: Upstream) -> list[Seen]:
    """Every request that reached an upstream, in order."""
    return [_seen(request) for request in upstream.requests]


def _seen(request: bytes) -> Seen:
    lines = request.partition(b"\r\n\r\n")[0].decode().splitlines()[1:]
    fields = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
    (account,) = (value for name, value in fields if name == "chatgpt-account-id")
    (host,) = (value for name, value in fields if name == "host")
    return Seen(account, host, tuple(value for name, value in fields if name == "x-openai-account-routing-override"))


@dataclass
class Client:
    """A client that keeps its connection, with a routing override of its own."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def turn(self, name: str) -> int:
        """A turn of the session whose home is that account; the answer's status."""
        head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nsession-id: s-{name}\r\n"
        ours = f"X-OpenAI-Account-Routing-Override: au\r\nX-OpenAI-Fedramp: true\r\ncontent-length: {len(TURN)}\r\n"
        self.writer.write(f"{head}{ours}\r\n".encode() + TURN)
        async with asyncio.timeout(10):
            answer = await self.reader.readuntil(b"\r\n\r\n")
            if b"chunked" in answer:
                await self.reader.readuntil(b"\r\n0\r\n\r\n")
        return int(answer.split()[1])


@dataclass
class Lab:
    """The running chain; `here` is the configured upstream, `there` the one that `eu` demands."""

    proxy: Proxy
    client: Client
    there: Upstream
    origin_there: str

    @property
    def here(self) -> Upstream:
        return self.proxy.upstream

    @property
    def origin_here(self) -> str:
        return f"http://127.0.0.1:{self.here.port}"


def known_origins(proxy: Proxy) -> list[str | None]:
    """What the proxy knows of the origins that its accounts' workspaces demand."""
    (step,) = (addon for addon in proxy.chain.addons if isinstance(addon, UpstreamStep))
    return [account.origin for account in step.pool.accounts.values()]


def import_accounts(home: Path, demanded: str, *names: str) -> None:
    """The accounts, each the home of a session; `eu` demands this origin and the routing override `us`."""
    with closing(store_with(home, *names)) as db:
        set_residency(db, EU, demanded, "us")
        for name, seat in (("a", A), ("eu", EU)):
            save_home(db, Home(f"s-{name}", seat, time.time()))


@contextlib.asynccontextmanager
async def listening(upstream: Upstream, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The upstream's port while it listens."""
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def client_of(proxy: Proxy) -> AsyncIterator[Client]:
    """A client that is connected."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def lab(
    home: Path,
    here: Upstream | None = None,
    there: Upstream | None = None,
    demanded: str = "",
    names: tuple[str, ...] = ("a", "eu"),
    **options: Any,
) -> AsyncIterator[Lab]:
    """The chain before both upstreams; `demanded` is what `eu` demands in place of `there`."""
    there = there or Upstream()
    async with listening(there) as port:
        origin_there = f"http://127.0.0.1:{port}"
        import_accounts(home, demanded or origin_there, *names)
        async with running(home, here, **options) as proxy, client_of(proxy) as client:
            yield Lab(proxy, client, there, origin_there)
