"""The stream is sacred: every byte passes, unchanged, in order, and as soon as it is there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from scripts.simulator.server import Simulator
from tests.addons.proxy import COMPLETED, OK_HEAD, Proxy, Upstream, chunk, running, store_with, unchunk
from tests.addons.samples import import_logins
from tests.addons.serving import TURN

DELTAS = 1000
HEAD = (
    "POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    f"content-length: {len(TURN)}\r\n\r\n"
).encode()

MEGABYTE = 1024 * 1024
WHOLE_MEGABYTES = 64
"""Several times what the kernel keeps for the sockets on the way, whose windows grow to some megabytes each."""
STILL_TURNS = 2000
"""Turns of the one loop that everything runs in: when none of them brings a byte, nothing moves any more."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    store_with(tmp_path, "a").close()
    yield tmp_path


def delta(number: int) -> bytes:
    data = {"type": "response.output_text.delta", "delta": f"word {number} äöü 漢字 🙂"}
    return b"event: response.output_text.delta\ndata: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


@dataclass
class Writing(Upstream):
    """Sends `pieces` as they are, each as a chunk of its own; waits for `credit` before each one."""

    pieces: list[bytes] = field(default_factory=list)
    credit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1_000_000))
    sent: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK_HEAD)
            for piece in self.pieces:
                await self.credit.acquire()
                writer.write(chunk(piece))
                await writer.drain()
                self.sent += len(piece)
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        writer.close()


async def begin(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a turn; the head of its answer comes with the first output."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(HEAD + TURN)
    return reader, writer


async def read_chunk(reader: asyncio.StreamReader) -> bytes:
    size = int((await reader.readline()).strip(), 16)
    return (await reader.readexactly(size + 2))[:-2]


async def test_every_delta_reaches_the_client_before_the_next_is_sent(home: Path) -> None:
    """In lock step: the upstream sends a delta only once the client has read the one before it."""
    upstream = Writing(pieces=[*map(delta, range(DELTAS)), COMPLETED], credit=asyncio.Semaphore(0))
    async with running(home, upstream) as proxy:
        reader, writer = await begin(proxy)
        got = []
        async with asyncio.timeout(30):
            for number in range(len(upstream.pieces)):
                assert upstream.sent == sum(map(len, upstream.pieces[:number]))
                upstream.credit.release()
                if number == 0:
                    await reader.readuntil(b"\r\n\r\n")
                got.append(await read_chunk(reader))
            assert await read_chunk(reader) == b""
        writer.close()
        await writer.wait_closed()

    assert got == upstream.pieces
    with closing(open_store(home)) as db:
        (row,) = requests(db, 9)
    assert (row.outcome, row.tokens.output) == ("completed", 20)


def cut(stream: bytes, rng: random.Random, most: int) -> list[bytes]:
    """The stream in pieces of one to `most` bytes: through events, lines, JSON and characters."""
    pieces = []
    while stream:
        size = rng.randint(1, most)
        pieces.append(stream[:size])
        stream = stream[size:]
    return pieces


@pytest.mark.parametrize("most", [1, 3, 50, 5000])
async def test_bytes_pass_unchanged_wherever_they_are_cut(home: Path, most: int) -> None:
    stream = b": \xef\xbb\xbf comment\r\n\r\n" + b"".join(map(delta, range(20))) + b"data: \xff\xfe\n\n" + COMPLETED
    upstream = Writing(pieces=cut(stream, random.Random(most), most))
    async with running(home, upstream) as proxy:
        status, body = await proxy.ask(body=TURN)

    assert (status, body) == (200, stream)
    with closing(open_store(home)) as db:
        (row,) = requests(db, 9)
    assert (row.outcome, row.tokens.input) == ("completed", 100)


@dataclass
class Recorder(Upstream):
    """Passes everything on to `target` and keeps what came back, byte for byte."""

    target: int = 0
    answered: bytearray = field(default_factory=bytearray)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, sink = await asyncio.open_connection("127.0.0.1", self.target)
        there = asyncio.ensure_future(pump(reader, sink, bytearray()))
        await pump(source, writer, self.answered)
        there.cancel()
        for end in (sink, writer):
            end.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            record += data
            writer.write(data)
            await writer.drain()


async def test_what_a_simulated_chatgpt_sends_bit_by_bit_arrives_as_it_was_sent(tmp_path: Path) -> None:
    async with Simulator(accounts="ann:plus", deltas=40, delta_ms=5) as sim:
        upstream = Recorder(target=int(sim.origin.rpartition(":")[2]))
        async with running(import_logins(tmp_path, sim.auth_json("ann")), upstream) as proxy:
            status, body = await proxy.ask(body=TURN)

    assert status == 200
    assert body.count(b"event: response.output_text.delta\n") == 40
    assert body == unchunk(bytes(upstream.answered).partition(b"\r\n\r\n")[2])


async def still(upstream: Writing) -> int:
    """Wait until the upstream can send nothing more; how many bytes it has sent until then."""
    sent, turns = -1, 0
    while turns < STILL_TURNS:
        turns = turns + 1 if sent == upstream.sent else 0
        sent = upstream.sent
        await asyncio.sleep(0)
    return sent


async def test_a_client_that_does_not_read_makes_the_upstream_wait(home: Path) -> None:
    """What the client has not taken stays with the upstream: the proxy's memory does not hold the answer."""
    filler = b": " + b"x" * (MEGABYTE - 4) + b"\n\n"
    upstream = Writing(pieces=[*([filler] * WHOLE_MEGABYTES), COMPLETED])
    async with running(home, upstream) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            client.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=client, limit=65_536)
            writer.write(HEAD + TURN)
            async with asyncio.timeout(10):
                await reader.readuntil(b"\r\n\r\n")

            sent = await still(upstream)
            assert sent < WHOLE_MEGABYTES * MEGABYTE / 2
            received = 0
            async with asyncio.timeout(30):
                while piece := await read_chunk(reader):
                    received += len(piece)
            writer.close()

    assert received == sum(map(len, upstream.pieces)) == upstream.sent
