"""A client that says whatever bytes it is given, and looks at what becomes of its connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

PATIENCE_SECONDS = 15.0
HEALTH = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer; `reusable` is whether the connection served another request behind it."""

    status: int
    headers: dict[str, str]
    body: bytes
    reusable: bool

    @property
    def error(self) -> dict[str, Any]:
        """The error object, which has the shape that OpenAI's clients read."""
        assert self.headers["content-type"] == "application/json"
        document = json.loads(self.body)
        error: dict[str, Any] = document["error"]
        assert document.keys() == {"error"}
        assert error.keys() >= {"type", "code", "message", "param"}
        assert error["message"].endswith(".")
        return error


class RawClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, patience_seconds: float = PATIENCE_SECONDS) -> tuple[int, dict[str, str], bytes]:
        """The next answer; its body must have a length."""
        async with asyncio.timeout(patience_seconds):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:-2])}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(lines[0].split()[1]), headers, body

    async def is_served(self) -> bool:
        """Whether a request is answered; else the connection must end."""
        with contextlib.suppress(ConnectionError):
            self.send(HEALTH)
            async with asyncio.timeout(PATIENCE_SECONDS):
                return (await self.reader.read(12)) == b"HTTP/1.1 200"
        return False

    async def told(self) -> Told:
        """The next answer, and whether the connection can be used behind it."""
        status, headers, body = await self.answer()
        return Told(status, headers, body, await self.is_served())

    async def ended(self) -> bytes:
        """What still comes, to the end of the connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.read()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[RawClient]:
    """A connection to a proxy on this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
