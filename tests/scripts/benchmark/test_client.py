"""The load client against the upstream and against one that misbehaves, on real sockets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from scripts.benchmark.answers import NOT_FOUND, whole_answer
from scripts.benchmark.client import closed_loop, held_streams
from scripts.benchmark.load import Load
from scripts.benchmark.upstream import Upstream
from tests.ports import free_port

CLOSED = Load(streams=2, body_bytes=1_000, events=24, seconds=0.05)
HELD = Load(streams=3, body_bytes=1_000, events=40, seconds=0.05, gap_ms=20, ramp_seconds=0.01)


@asynccontextmanager
async def answering(protocol: Callable[[], asyncio.Protocol]) -> AsyncIterator[int]:
    """The port of a server on loopback that speaks this protocol."""
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def at(load: Load, port: int) -> Load:
    """The load, sent to that port, watching this process."""
    return replace(load, port=port, watch=os.getpid())


@pytest.mark.parametrize("kept", [False, True], ids=["new-connections", "kept-connections"])
async def test_a_closed_loop_counts_turns_and_events(kept: bool) -> None:
    """Every turn is answered in full; what the watched process used is known."""
    async with answering(Upstream) as port:
        sample = await closed_loop(at(replace(CLOSED, kept=kept), port))

    assert sample.turns >= 2
    assert (sample.failed, sample.failure) == (0, None)
    assert sample.events == sample.turns * 24
    assert sample.first_ms_p50 is not None
    assert sample.cpu_seconds is not None
    assert sample.resident_bytes


async def test_kept_connections_are_used_again() -> None:
    """A stream that keeps its connection opens one only."""
    opened = []

    class Counting(Upstream):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            opened.append(transport)
            super().connection_made(transport)

    async with answering(Counting) as port:
        sample = await closed_loop(at(replace(CLOSED, kept=True), port))

    assert len(opened) == CLOSED.streams <= sample.turns


async def test_a_large_body_is_read_to_its_end() -> None:
    """A body that comes in many reads is answered once."""
    async with answering(Upstream) as port:
        sample = await closed_loop(at(replace(CLOSED, body_bytes=1_000_000), port))

    assert sample.failed == 0


async def test_held_streams_are_measured_while_all_are_open() -> None:
    """Each stream takes one turn; the events that count are fewer than all that came, and each has an age."""
    async with answering(Upstream) as port:
        sample = await held_streams(at(HELD, port))

    assert (sample.turns, sample.failed) == (3, 0)
    assert 0 < sample.events < 120
    assert sample.age_ms_p99 is not None


async def test_an_unwatched_load_knows_no_cpu() -> None:
    """The direct road has no process: its CPU is unknown, not 0."""
    async with answering(Upstream) as port:
        sample = await closed_loop(replace(CLOSED, port=port))

    assert (sample.cpu_seconds, sample.resident_bytes) == (None, None)


def says(answer: bytes, leave: bool = False) -> Callable[[], asyncio.Protocol]:
    """A server that answers anything with these bytes, and may hang up then."""

    class Saying(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.write(answer)
            if leave:
                self.transport.close()

    return Saying


@pytest.mark.parametrize(
    ("answer", "leave", "reason"),
    [
        pytest.param(NOT_FOUND, False, "answered 'HTTP/1.1 404 Not Found'", id="another-status"),
        pytest.param(whole_answer(23), False, "23 of 24 events came", id="events-lost"),
        pytest.param(
            whole_answer(24)[:900], True, "the connection was closed before the end of the answer", id="cut-off"
        ),
        pytest.param(b"", True, "the connection was closed before the end of the answer", id="no-answer"),
    ],
)
async def test_a_bad_answer_is_a_failed_turn(answer: bytes, leave: bool, reason: str) -> None:
    async with answering(says(answer, leave)) as port:
        sample = await closed_loop(at(CLOSED, port))

    assert sample.failed == sample.turns > 0
    assert sample.failure == reason


@pytest.mark.parametrize("shape", [closed_loop, held_streams], ids=["closed-loop", "held-streams"])
async def test_a_refused_connection_is_a_failed_turn(shape: object) -> None:
    assert callable(shape)
    load = CLOSED if shape is closed_loop else HELD
    sample = await shape(at(load, free_port()))

    assert sample.failed == sample.turns > 0
    assert sample.failure.startswith("connecting failed: ")


async def test_the_upstream_knows_no_other_path() -> None:
    """Anything but a benchmark's turn is answered with 404, body and all, and the connection goes on."""
    async with answering(Upstream) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in (b"GET /health HTTP/1.1\r\n\r\n", b"POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"):
            writer.write(request)
            assert await reader.readexactly(len(NOT_FOUND)) == NOT_FOUND
        writer.close()
        await writer.wait_closed()
