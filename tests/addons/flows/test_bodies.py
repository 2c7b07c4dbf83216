"""What streams by can be looked at afterwards, and streams as if nobody did."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.addons.flows.lab import TURN, flows_of, inspecting, stream, text_of
from tests.addons.proxy import COMPLETED, Upstream, auth_json, store_with
from tests.addons.upstreams import DELTA, Holding


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann").close()
    return tmp_path


async def test_a_streamed_answer_is_shown_as_the_client_got_it(home: Path) -> None:
    async with inspecting(home, Upstream(answer=stream(DELTA, DELTA, COMPLETED))) as (proxy, view):
        status, body = await proxy.ask(body=TURN)
        (flow,) = flows_of(view)
        assert text_of(flow).splitlines()[:2] == ["response.output_text.delta · 2 pieces", "    hihi"]
    assert flow.response
    assert (status, body) == (200, DELTA + DELTA + COMPLETED)
    assert flow.response.raw_content == body


async def test_a_piece_passes_before_the_next_one_comes(home: Path) -> None:
    """Nothing is held back to be copied."""
    upstream = Holding()
    async with inspecting(home, upstream) as (proxy, view):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        head = f"POST /backend-api/codex/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(TURN)}\r\n\r\n"
        writer.write(head.encode() + TURN)
        async with asyncio.timeout(10):
            await reader.readuntil(b"output_text.delta")
        (flow,) = flows_of(view)
        assert flow.response and flow.response.raw_content is None
        upstream.let_go.set()
        async with asyncio.timeout(10):
            await reader.readuntil(b"\r\n0\r\n\r\n")
        assert flow.response.raw_content == DELTA + COMPLETED
        writer.close()


async def test_a_long_answer_is_kept_at_both_ends(home: Path) -> None:
    piece = DELTA * 1000
    async with inspecting(home, Upstream(answer=stream(*[piece] * 60, COMPLETED))) as (proxy, view):
        _, body = await proxy.ask(body=TURN)
        (flow,) = flows_of(view)
    assert flow.response and flow.response.raw_content
    assert body == piece * 60 + COMPLETED
    assert len(body) > 5_000_000
    assert len(flow.response.raw_content) < 2_200_000
    assert flow.response.raw_content.endswith(COMPLETED)
    assert b"bytes left out here" in flow.response.raw_content


async def test_a_token_in_an_answer_passes_and_is_not_shown(home: Path) -> None:
    """What the model says is the client's; people who look at flows need not see a token."""
    token = auth_json("ann").split('"access_token": "')[1].split('"')[0].encode()
    said = DELTA.replace(b"hi", token)
    async with inspecting(home, Upstream(answer=stream(said, COMPLETED))) as (proxy, view):
        _, body = await proxy.ask(body=TURN)
        (flow,) = flows_of(view)
    assert flow.response
    assert body == said + COMPLETED
    assert flow.response.raw_content == DELTA.replace(b"hi", b"[hidden]") + COMPLETED
