"""ChatGPTs of a few lines that answer in a way of their own."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from tests.addons.proxy import COMPLETED, OK_HEAD, Upstream, chunk

DELTA = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"hi"}\n\n'


@dataclass
class Holding(Upstream):
    """Begins every answer at once; ends none before it is let go. `left` counts who hung up before that."""

    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    left: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK_HEAD + chunk(DELTA))
            gone = asyncio.ensure_future(self.gone(reader))
            released = asyncio.ensure_future(self.let_go.wait())
            await asyncio.wait((gone, released), return_when=asyncio.FIRST_COMPLETED)
            self.left += gone.done()
            gone.cancel()
            released.cancel()
            writer.write(chunk(COMPLETED) + b"0\r\n\r\n")
        writer.close()

    async def gone(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(65_536):
                pass
