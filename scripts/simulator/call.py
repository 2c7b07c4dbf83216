"""One request being answered: everything sent goes through here, so scripted trouble can strike anywhere."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.journal import Entry
from scripts.simulator.refusals import NO_HEADERS, Refusal

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing such a socket sends RST."""


class Cut(Exception):
    """A fault has ended the connection; there is nothing left to send."""


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection with RST, dropping what was not sent yet."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()


class Call:
    """A request with its journal entry, its fault and the answer under way."""

    def __init__(self, request: web.Request, entry: Entry, body: Mapping[str, Any] | Refusal) -> None:
        self.request = request
        self.entry = entry
        self._body = body
        self.response: web.StreamResponse | None = None

    @property
    def fault(self) -> Fault:
        return self.entry.fault

    @property
    def body(self) -> Mapping[str, Any]:
        """The object in the request's body, empty if there was none; raises Refusal if it cannot be read."""
        if isinstance(self._body, Refusal):
            raise self._body
        return self._body

    def fails_at(self, moment: Moment) -> bool:
        """Whether the stream is to end with response.failed here."""
        return self.fault.act is Act.FAILED and self.fault.at is moment

    async def reach(self, moment: Moment) -> None:
        """Says how far the exchange has come; what the fault wants at this moment happens now. Raises Cut."""
        if self.fault.at is moment and self.fault.after_bytes is None:
            await self._act()

    async def start(self, status: int, headers: Mapping[str, str], length: int | None = None) -> None:
        """Sends status and headers; without `length` (bytes) the body is chunked."""
        self.entry.status = status
        added = {} if self.fault.status is not None else self.fault.headers
        self.response = web.StreamResponse(status=status, headers={**headers, **added})
        if length is None:
            self.response.enable_chunked_encoding()
        else:
            self.response.content_length = length
        await self.response.prepare(self.request)
        await self.reach(Moment.HEAD)

    async def write(self, data: bytes) -> None:
        """Sends a piece of the body at once; raises Cut by a fault, ConnectionError if the client left."""
        limit = self.fault.after_bytes
        if limit is not None and self.entry.sent_bytes + len(data) > limit >= self.entry.sent_bytes:
            head = limit - self.entry.sent_bytes
            await self._send(data[:head])
            await self._act()
            data = data[head:]
        await self._send(data)

    async def end(self) -> None:
        """Ends the body."""
        assert self.response is not None
        await self.response.write_eof()

    async def json(self, status: int, value: object, headers: Mapping[str, str] = NO_HEADERS) -> None:
        """A whole answer of JSON."""
        body = msgspec.json.encode(value)
        await self.whole(status, body, {"content-type": "application/json", **headers})

    async def whole(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """A whole answer of known length."""
        await self.start(status, headers, len(body))
        await self.write(body)
        await self.end()

    async def redirect(self, location: str) -> None:
        """Sends the browser elsewhere."""
        await self.whole(302, b"", {"location": location, "cache-control": "no-store"})

    async def scripted(self) -> None:
        """The answer that the fault gives in place of the real one."""
        assert self.fault.status is not None
        body = self.fault.body
        if isinstance(body, str):
            kind = "text/html" if body.startswith("<") else "text/plain"
            await self.whole(self.fault.status, body.encode(), {"content-type": kind, **self.fault.headers})
        else:
            await self.json(self.fault.status, {} if body is None else body, self.fault.headers)

    async def _send(self, data: bytes) -> None:
        assert self.response is not None
        if data:
            self.entry.sent_bytes += len(data)
            await self.response.write(data)

    async def _act(self) -> None:
        transport = self.request.transport
        assert transport is not None  # a client that leaves cancels the handler before it can get here
        match self.fault.act:
            case None | Act.FAILED:
                return
            case Act.SILENCE:
                await _silence(self.fault.seconds)
                return
            case Act.RESET:
                reset(transport)
            case Act.CLOSE:
                transport.close()
            case Act.GARBAGE:
                transport.write(b"this is no chunk\r\n")
                transport.close()
        raise Cut


Handler = Callable[[Call], Awaitable[None]]
"""An endpoint: answers a call, or raises Refusal before it has sent anything."""


async def _silence(seconds: float | None) -> None:
    await (asyncio.Event().wait() if seconds is None else asyncio.sleep(seconds))
