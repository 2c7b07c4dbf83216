"""A real proxy before an upstream in the test's own loop that notes every byte of every request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.addons.proxy import Upstream, store_with
from tests.end_to_end.stage import Serve
from tests.ports import free_port
from tests.processes import command


class NotingUpstream(Upstream):
    """Takes bodies in chunks too."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.lower().split(b"\r\n")
                length = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
                body = await reader.readexactly(length[0]) if length else b""
                if b"transfer-encoding: chunked" in lines:
                    body = await reader.readuntil(b"0\r\n\r\n")
                self.requests.append(head + body)
                writer.write(self.answer)
        writer.close()


@contextlib.asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Serve, Upstream]]:
    """`codexlb serve` with two accounts, as a process of its own, and what it stands before."""
    upstream = NotingUpstream()
    home, port = folder / "codexlb-home", free_port()
    store_with(home, "a", "b").close()
    conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.create_task(upstream.serve(reader, writer)))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        options = ("--upstream", origin, "--issuer", origin, "--set", "codexlb_poll_seconds=0")
        line = [command("codexlb"), "serve", "--port", str(port), *options]
        with Serve(line, port, folder / "serve.log") as proxy:
            yield proxy, upstream
        if conversations:  # the proxy has ended, and with it its connections; the loop may not end before they have
            await asyncio.wait(conversations, timeout=10)
