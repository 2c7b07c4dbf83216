"""The bodies of all requests together have a bound."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path

import pytest
from mitmproxy import ctx
from mitmproxy.connection import ConnectionState

from addons.core.codex_core import CodexCore
from addons.core.uploads import Uploads
from codexlb_store.schema import open_store
from tests.addons.key_lab import TURN
from tests.addons.proxy import Proxy, running, store_with
from tests.addons.raw_client import connected
from tests.addons.waiting import until

HEAD = "POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\n"
PIECE = b" " * 30_000


def test_pieces_count_until_their_request_ends_and_what_has_no_room_does_not() -> None:
    uploads = Uploads(100)
    assert [uploads.add("a", 40), uploads.add("b", 50), uploads.add("a", 10), uploads.add("c", 1)] == [True] * 3 + [
        False
    ]
    assert uploads.total == 100
    uploads.end("a")
    uploads.end("a")
    uploads.end("c")
    assert uploads.total == 50
    assert uploads.add("c", 50)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "a").close()
    return tmp_path


def uploads_of(proxy: Proxy) -> Uploads:
    return next(addon for addon in proxy.chain.addons if isinstance(addon, CodexCore)).uploads


@pytest.mark.parametrize("ends_by", ["leaving", "being served"])
async def test_who_finds_no_room_is_told_when_to_come_back_and_finds_some_once_others_are_done(
    home: Path, ends_by: str
) -> None:
    async with running(home) as proxy:
        uploads = uploads_of(proxy)
        uploads.most_bytes = 100_000
        async with connected(proxy.port) as first, connected(proxy.port) as second:
            first.send(f"{HEAD}content-length: {len(PIECE) * 3 + len(TURN)}\r\n\r\n".encode() + PIECE * 3)
            await until(lambda: uploads.total == 90_000)
            second.send(f"{HEAD}transfer-encoding: chunked\r\n\r\n{len(PIECE):x}\r\n".encode() + PIECE)
            status, headers, body = await second.answer()
            assert (status, headers["retry-after"]) == (503, "5")
            assert json.loads(body)["error"]["message"].endswith("Try again in 5 s.")
            assert await second.ended() == b""
            assert proxy.upstream.connections == 0
            await until(lambda: uploads.total == 90_000)
            if ends_by == "being served":
                first.send(TURN)
                assert b"response.completed" in await first.reader.readuntil(b"response.completed")
        await until(lambda: uploads.total == 0)
        assert (await proxy.ask(body=PIECE + TURN))[0] == 200


async def test_a_client_has_left_also_when_mitmproxy_does_not_tell(home: Path) -> None:
    """It cancels a reader that cannot be written to; when that waits for its turn to tell, nobody is told."""
    async with running(home) as proxy:
        async with connected(proxy.port) as client:
            client.send(f"{HEAD}content-length: {len(PIECE) * 3}\r\n\r\n".encode() + PIECE)
            await until(lambda: uploads_of(proxy).total == len(PIECE))
            (handler,) = ctx.master.addons.get("proxyserver").connections.values()
            reader = handler.transports[handler.client].handler
            async with handler._server_event_lock:
                client.writer.close()
                await until(lambda: handler.client.state is ConnectionState.CAN_WRITE)
                reader.cancel()
                await asyncio.wait([reader])
        await until(lambda: uploads_of(proxy).total == 0)
    with closing(open_store(home)) as db:
        assert [outcome for (outcome,) in db.execute("SELECT outcome FROM exchanges")] == ["cancelled"]


async def test_whatever_becomes_of_a_request_its_bytes_are_not_counted_for_ever(home: Path) -> None:
    async with running(home) as proxy:
        for body, status in ((TURN, 200), (b"{", 400), (b"[]", 400), (PIECE, 400)):
            assert (await proxy.ask(body=body))[0] == status
        assert (await proxy.ask("PUT", "/nowhere", PIECE * 9))[0] == 404
        assert (await proxy.ask("GET", "/health", PIECE))[0] == 200
        await until(lambda: uploads_of(proxy).total == 0)
