"""The list of flows does not grow for ever, and what runs stays in it."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest
from mitmproxy import ctx, http
from mitmproxy.exceptions import OptionsError

from addons.flows.bounds import FlowBounds
from tests.addons.flows.lab import TURN, Scripted, failing, flows_of, inspecting
from tests.addons.proxy import store_with
from tests.addons.upstreams import Holding


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store_with(tmp_path, "ann", "bob").close()
    return tmp_path


async def test_the_oldest_that_have_ended_go(home: Path) -> None:
    async with inspecting(home, codexlb_web_flows=3) as (proxy, view):
        for number in range(8):
            await proxy.ask(body=TURN, x_number=str(number))
        kept = [flow.request.headers["x-number"] for flow in flows_of(view)]
    assert kept[-3:] == ["5", "6", "7"]
    assert len(kept) <= 4, "the one that ended last but one may not have been quite over"


async def test_failed_attempts_count_too(home: Path) -> None:
    async with inspecting(home, Scripted(*[failing(500, b"x")] * 6), codexlb_web_flows=2) as (proxy, view):
        for _ in range(6):
            await proxy.ask(body=TURN)
        assert view.store_count() <= 3


async def test_what_runs_is_left_alone(home: Path) -> None:
    """mitmproxy would kill it."""
    upstream = Holding()
    async with inspecting(home, upstream, codexlb_web_flows=1) as (proxy, view):
        turns = [asyncio.create_task(proxy.ask(body=TURN)) for _ in range(4)]
        async with asyncio.timeout(10):
            while len(upstream.requests) < 4:
                await asyncio.sleep(0.01)
        for _ in range(3):
            await proxy.ask("GET", "/nothing", b"")
        assert len([flow for flow in flows_of(view) if flow.live]) == 4
        upstream.let_go.set()
        answers = await asyncio.gather(*turns)
    assert [status for status, _ in answers] == [200] * 4
    assert all(b"response.completed" in body for _, body in answers)


async def test_pages_of_the_proxys_own_do_not_push_out_requests(home: Path) -> None:
    async with inspecting(home, codexlb_web_flows=2) as (proxy, view):
        await proxy.ask(body=TURN)
        for _ in range(5):
            await proxy.ask("GET", "/health", b"")
        await proxy.ask(body=TURN)
        paths = [flow.request.path for flow in flows_of(view)]
    assert paths.count("/backend-api/codex/responses") == 2
    assert paths.count("/health") <= 1


async def test_what_a_person_clears_makes_room(home: Path) -> None:
    async with inspecting(home, codexlb_web_flows=3) as (proxy, view):
        for _ in range(3):
            await proxy.ask(body=TURN)
        view.clear()
        for _ in range(3):
            await proxy.ask(body=TURN)
        assert view.store_count() == 3


async def test_memory_holds_no_more_flows_than_are_shown(home: Path) -> None:
    body = TURN[:-1] + b',"x":"' + b"x" * 100_000 + b'"}'
    async with inspecting(home, Scripted(*[failing(500, b"x")] * 10), codexlb_web_flows=5) as (proxy, _):
        for _ in range(60):
            await proxy.ask(body=body)
        gc.collect()
        held = [found for found in gc.get_objects() if isinstance(found, http.HTTPFlow)]
        assert len(held) <= 5 + 2, "one that runs out, one that mitmproxy has at hand"


async def test_bodies_are_bounded_together(home: Path) -> None:
    found: list[FlowBounds] = []
    body = TURN[:-1] + b',"x":"' + b"x" * 1_000_000 + b'"}'
    async with inspecting(
        home, tamper=lambda chain: found.extend(a for a in chain.addons if isinstance(a, FlowBounds))
    ) as (proxy, view):
        found[0].most_bytes = 3_000_000
        for _ in range(8):
            await proxy.ask(body=body)
        assert view.store_count() <= 4


@pytest.mark.parametrize("value", [0, -1])
async def test_no_room_at_all_is_refused(home: Path, value: int) -> None:
    async with inspecting(home):
        with pytest.raises(OptionsError, match=f"codexlb_web_flows is {value}: give 1 or more"):
            ctx.options.update(codexlb_web_flows=value)
