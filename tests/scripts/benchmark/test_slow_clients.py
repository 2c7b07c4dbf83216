"""Clients that hold connections and send next to nothing, before a server that cuts them off."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scripts.benchmark.slow_clients import BODY, HEAD, stay
from tests.addons.waiting import until


class Cutting:
    """Notes what each connection sends, and cuts it off on demand."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.said)
        self.said.append(b"")
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                self.said[number] += data
        self.ended += 1
        writer.close()

    def cut_off(self) -> None:
        for writer in self.writers:
            writer.close()


@asynccontextmanager
async def slow_clients(count: int) -> AsyncIterator[Cutting]:
    """So many of them before a server."""
    cutting = Cutting()
    server = await asyncio.start_server(cutting.serve, "127.0.0.1", 0)
    task = asyncio.create_task(stay(server.sockets[0].getsockname()[1], count))
    try:
        yield cutting
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        cutting.cut_off()
        await until(lambda: cutting.ended == len(cutting.said))
        server.close()
        await server.wait_closed()


async def test_a_third_sends_a_head_a_third_a_body_and_a_third_nothing() -> None:
    """Byte by byte, behind the start."""
    async with slow_clients(6) as cutting:
        await until(lambda: len(cutting.said) == 6)
        await until(lambda: sum(said.startswith((HEAD + b"x", BODY + b"x")) for said in cutting.said) == 4)

        assert sum(said == b"" for said in cutting.said) == 2


async def test_who_is_cut_off_comes_again() -> None:
    async with slow_clients(3) as cutting:
        await until(lambda: len(cutting.said) == 3)
        cutting.cut_off()

        await until(lambda: len(cutting.said) == 6)
