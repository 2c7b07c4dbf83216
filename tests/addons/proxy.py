"""The chain in a real mitmproxy inside the test's event loop, before an upstream that notes what reaches it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from mitmproxy.addons import next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.options import Options
from sqlite_utils import Database

from addons.chain import Chain, chain
from addons.core.dispatch import HookTable
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.logins import save_login
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault

COMPLETED = (
    b'event: response.completed\ndata: {"type":"response.completed","response":{"id":"resp_1","model":"gpt-5.5",'
    b'"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":40},"output_tokens":20,'
    b'"output_tokens_details":{"reasoning_tokens":5}}}}\n\n'
)
OK_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx-request-id: req_1\r\n\r\n"
)

Respond = Callable[[asyncio.StreamWriter], "asyncio.Future[None] | object"]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def jwt(claims: dict[str, object]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2ln"


def auth_json(name: str, plan: str = "plus", expires_in: float = 86_400) -> str:
    """A Codex login of the account `name`; its access token is `jwt` and therefore unmistakable."""
    auth = {
        "chatgpt_account_id": f"acct-{name}",
        "chatgpt_user_id": f"user-{name}",
        "chatgpt_plan_type": plan,
    }
    claims = {
        "exp": time.time() + expires_in,
        "email": f"{name}@example.com",
        "https://api.openai.com/auth": auth,
    }
    tokens = {
        "id_token": jwt(claims),
        "access_token": jwt(claims),
        "refresh_token": f"rt-{name}",
        "account_id": f"acct-{name}",
    }
    return json.dumps({"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens})


def store_with(home: Path, *names: str) -> Database:
    """A store that holds these accounts."""
    db = open_store(home)
    vault = Vault.open(home, os.environ)
    for name in names:
        save_login(db, vault, parse_auth_json(auth_json(name)), time.time())
    return db


@dataclass
class Upstream:
    """A ChatGPT of a few lines: notes each request's bytes and answers as it is told."""

    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    answer: bytes = OK_HEAD + chunk(COMPLETED) + b"0\r\n\r\n"
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(length[0]) if length else b""
                self.requests.append(head + body)
                writer.write(self.answer)
                await writer.drain()
        writer.close()


@dataclass
class Proxy:
    """A running chain: talk to `port`, look at `chain` and `upstream`."""

    port: int
    chain: Chain
    upstream: Upstream
    home: Path

    async def send(self, raw: bytes) -> bytes:
        """Send bytes and read until the proxy has nothing more to say for a request with `connection: close`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return answer

    async def ask(
        self,
        method: str = "POST",
        path: str = "/backend-api/codex/responses",
        body: bytes = b"{}",
        **headers: str,
    ) -> tuple[int, bytes]:
        """One request; returns status and body as they came (chunked bodies undone)."""
        lines = {"host": f"127.0.0.1:{self.port}", "connection": "close", "content-length": str(len(body))}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        answer = await self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        if not answer:
            return 0, b""
        top, _, rest = answer.partition(b"\r\n\r\n")
        return int(top.split()[1]), unchunk(rest) if b"chunked" in top.lower() else rest


def unchunk(data: bytes) -> bytes:
    body = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        body, data = body + data[: int(size, 16)], data[int(size, 16) + 2 :]
    return body


@contextlib.asynccontextmanager
async def running(
    home: Path,
    upstream: Upstream | None = None,
    tamper: Callable[[Chain], None] | None = None,
    stock: bool = False,
    **options: object,
) -> AsyncIterator[Proxy]:
    """The chain over the store in `home`, before `upstream`; `tamper` may break the chain before it runs.

    `stock` calls the hooks as mitmdump does, else as `codexlb serve` does. Among the options `tls` is ours: a client
    speaks it; an upstream with https and `certs` imply it.
    """
    upstream = upstream or Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    under_test = chain({"CODEXLB_HOME": str(home)})
    if tamper:
        tamper(under_test)
    opts = Options()
    master = Master(opts)
    if not stock:
        master.addons = HookTable(master)
    listener = proxyserver.Proxyserver()
    # It makes and loads an authority, which takes three times as long as all the rest.
    tls = options.pop("tls", False) or "certs" in options or "https:" in str(options)
    master.addons.add(listener, *([tlsconfig.TlsConfig()] if tls else []), under_test, next_layer.NextLayer())
    settings = {
        "mode": ["reverse:http://127.0.0.1:9@127.0.0.1:0"],
        "confdir": str(home / "mitmproxy"),
        "codexlb_upstream": f"http://127.0.0.1:{upstream.port}",
        "codexlb_issuer": f"http://127.0.0.1:{upstream.port}",
        "codexlb_poll_seconds": 0,
    }
    opts.update(**(settings | options))
    run = asyncio.create_task(master.run())
    try:
        async with asyncio.timeout(10):
            while not listener.listen_addrs():
                await asyncio.sleep(0.01)
        yield Proxy(listener.listen_addrs()[0][1], under_test, upstream, home)
    finally:
        await listener.servers.update([])
        async with asyncio.timeout(10):
            while listener.connections:
                await asyncio.sleep(0.01)
        master.shutdown()
        await run
        server.close()
