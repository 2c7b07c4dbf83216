"""A client that takes its time is told so and cut off, and nobody waits for it: with the limits cut short."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import ssl
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from addons.chain import Chain
from addons.core.codex_core import CodexCore
from addons.core.limits import Limits
from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from tests.addons.authority import make_certificate
from tests.addons.proxy import OK_HEAD, Upstream, chunk, running, store_with
from tests.addons.raw_client import PATIENCE_SECONDS, RawClient, connected
from tests.addons.upstreams import DELTA
from tests.addons.waiting import until

TURN = b'{"model":"gpt-5.5","stream":true,"input":[]}'
START = b"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\n"
CHUNKS = START + b"transfer-encoding: chunked\r\n\r\n"
HEAD = START + b"content-length: 100\r\n\r\n"
NOW = Limits(greeting_seconds=0.1, head_seconds=0, body_seconds=0, body_bytes_per_second=1 << 60)
"""At the next tick of the clock all has taken too long."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a").close()
    return tmp_path


def limited(limits: Limits) -> Callable[[Chain], None]:
    """The chain with these limits."""

    def tamper(chain: Chain) -> None:
        (core,) = (addon for addon in chain.addons if isinstance(addon, CodexCore))
        core.limits = limits

    return tamper


async def dribble(client: RawClient, data: Iterable[bytes]) -> None:
    """Say a little, again and again."""
    for piece in data:
        client.send(piece)
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("start", "more", "rows"),
    [
        pytest.param(START, b"x", [], id="a head"),
        pytest.param(HEAD, b"x", ["refused"], id="a body"),
        pytest.param(CHUNKS, b"1\r\nx\r\n", ["refused"], id="chunks"),
        pytest.param(CHUNKS, b" ", ["refused"], id="the line of a chunk"),
    ],
)
async def test_who_dribbles_is_told_and_cut_off(home: Path, start: bytes, more: bytes, rows: list[str]) -> None:
    async with running(home, tamper=limited(NOW)) as proxy, connected(proxy.port) as client:
        client.send(start)
        dribbling = asyncio.create_task(dribble(client, itertools.repeat(more)))
        status, headers, body = await client.answer()
        dribbling.cancel()
        assert (status, headers["connection"], json.loads(body)["error"]["code"]) == (408, "close", "request_timeout")
        assert await client.ended() == b""
        assert proxy.upstream.connections == 0

    with contextlib.closing(open_store(home)) as db:
        assert [row.outcome for row in requests(db, 10)] == rows


async def test_who_says_nothing_is_cut_off_in_silence(home: Path) -> None:
    async with running(home, tamper=limited(NOW)) as proxy, connected(proxy.port) as client:
        assert await client.ended() == b""


async def test_who_begins_a_handshake_and_does_not_end_it_is_cut_off(home: Path) -> None:
    async with running(home, tamper=limited(NOW)) as proxy, connected(proxy.port) as client:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with pytest.raises(ssl.SSLWantReadError):
            ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
        client.send(outgoing.read()[:-1])
        await client.ended()


async def test_a_slow_client_does_not_keep_another_from_being_served(home: Path) -> None:
    patient = replace(NOW, head_seconds=60, body_seconds=60)
    async with (
        running(home, tamper=limited(patient)) as proxy,
        connected(proxy.port) as first,
        connected(proxy.port) as second,
    ):
        first.send(START)
        second.send(HEAD)
        status, _ = await proxy.ask(body=TURN)
        assert status == 200
        first.send(b"content-length: %d\r\n\r\n" % len(TURN) + TURN)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await first.reader.read(12)) == b"HTTP/1.1 200"


async def test_who_still_sends_can_read_why_nobody_listens(home: Path) -> None:
    """Closed at once, the connection would be reset, and what was not read yet lost."""
    async with running(home) as proxy, connected(proxy.port) as client:
        client.send(START + b"content-length: 99999999999\r\n\r\n")
        sending = asyncio.create_task(dribble(client, itertools.repeat(bytes(1 << 20), 5)))
        await sending
        status, _, body = await client.answer()
        assert (status, json.loads(body)["error"]["code"]) == (413, "request_too_large")


async def test_who_speaks_http2_and_asks_for_nothing_is_cut_off(home: Path) -> None:
    """Its pings mean nothing."""
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    async with running(home, tamper=limited(replace(NOW, greeting_seconds=3)), tls=True) as proxy:
        client = RawClient(*await asyncio.open_connection("127.0.0.1", proxy.port, ssl=context))
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        pinging = asyncio.create_task(dribble(client, itertools.repeat(b"\0\0\x08\6\0\0\0\0\0" + b"12345678")))
        with contextlib.suppress(ConnectionError):  # what it still says may cost it the last words
            await client.ended()
        pinging.cancel()
        client.writer.close()
        with contextlib.suppress(OSError):
            await client.writer.wait_closed()


@dataclass
class Endless(Upstream):
    """Begins an answer and never ends it, as fast as it is read; `left` says that nobody reads it any more."""

    left: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK_HEAD)
        with contextlib.suppress(OSError):
            while True:
                writer.write(chunk(DELTA * 1000))
                await writer.drain()
        self.left = True


async def test_who_does_not_read_the_answer_is_cut_off_and_so_is_the_upstream(home: Path) -> None:
    """What nobody takes is not read either, and to the clock that is an upstream that has fallen silent."""
    upstream = Endless()
    async with running(home, upstream, codexlb_idle_timeout_seconds=1) as proxy, connected(proxy.port) as client:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        client.send(START + b"content-length: %d\r\n\r\n" % len(TURN) + TURN)
        await until(lambda: upstream.left)
    with closing(open_store(home)) as db:
        assert [(row.outcome, row.error) for row in requests(db, 9)] == [("failed", "idle_timeout")]


async def test_who_says_that_it_will_say_no_more_does_not_wait_for_an_answer_either(home: Path) -> None:
    """A connection that is half closed is a client that left, as it is to mitmproxy."""
    upstream = Endless()
    async with running(home, upstream) as proxy, connected(proxy.port) as client:
        client.send(START + b"content-length: %d\r\n\r\n" % len(TURN) + TURN)
        await client.reader.readuntil(b"delta")
        client.writer.write_eof()
        await until(lambda: upstream.left)
    with closing(open_store(home)) as db:
        assert [row.outcome for row in requests(db, 9)] == ["cancelled"]


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
async def test_who_only_shakes_hands_is_not_waited_for(home: Path, protocol: str) -> None:
    certificate = home / "cert.pem"
    make_certificate(certificate)
    context = ssl.create_default_context(cafile=str(certificate))
    context.set_alpn_protocols([protocol])
    async with running(home, tamper=limited(replace(NOW, greeting_seconds=1)), certs=[f"*={certificate}"]) as proxy:
        reader, writer = await asyncio.open_connection("localhost", proxy.port, ssl=context)
        with contextlib.suppress(OSError):
            await RawClient(reader, writer).ended()
        writer.close()
