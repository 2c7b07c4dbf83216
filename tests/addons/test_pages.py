"""The pages that the proxy answers itself."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest
from mitmproxy import http

from addons.exchange import Client, Exchange, Exchanges
from addons.pages import Pages
from addons.pool_view import PoolView
from addons.readiness import Watch
from addons.store_reader import ReadError, StoreReader
from addons.wire.answers import Answer
from addons.wire.routes import Route
from codexlb_store.exchanges import requests
from codexlb_store.limit_texts import parse_limit
from codexlb_store.schema import DATABASE_NAME, open_store
from codexlb_store.writer import Writer
from tests.addons.key_lab import TURN, a_key, bearer
from tests.addons.proxy import running, store_with
from tests.addons.samples import a_flow, a_pool, an_answered_flow, an_exchange
from tests.addons.waiting import until

NOWHERE = Path("/nowhere")
LOCAL = frozenset({Route.HEALTH, Route.READY, Route.METRICS, Route.USAGE, Route.POOL_USAGE})


def pages(flow: http.HTTPFlow, exchange: Exchange | None, metrics: Answer | None = None) -> Pages:
    """The step over a pool without accounts; without `metrics` too many ask for those."""

    async def answer() -> Answer:
        if metrics is None:
            raise ReadError("Too many ask for this at once: try again in a moment.")
        return metrics

    exchanges = Exchanges({flow: exchange} if exchange else {})
    return Pages(exchanges, StoreReader(NOWHERE), Watch(a_pool(), Writer(NOWHERE)), answer, PoolView(a_pool()))


async def test_health_is_answered_here() -> None:
    flow = a_flow(method="GET", path="/health")

    await pages(flow, an_exchange(route=Route.HEALTH)).request(flow)

    assert flow.response
    assert (flow.response.status_code, flow.response.content) == (200, b'{"status":"ok"}')
    assert flow.response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("route", [route for route in Route if route not in LOCAL])
async def test_every_other_route_goes_on(route: Route) -> None:
    flow = a_flow()

    await pages(flow, an_exchange(route=route)).request(flow)

    assert flow.response is None


@pytest.mark.parametrize("exchange", [None, an_exchange(route=Route.HEALTH, client=None)], ids=["unknown", "stranger"])
async def test_who_was_not_let_in_gets_no_page(exchange: Exchange | None) -> None:
    flow = a_flow(method="GET", path="/health")

    await pages(flow, exchange).request(flow)

    assert flow.response is None


async def test_an_answer_that_is_there_already_stays() -> None:
    flow = an_answered_flow(401)

    await pages(flow, an_exchange(route=Route.HEALTH)).request(flow)

    assert flow.response and flow.response.status_code == 401


async def test_nobody_without_a_key_has_figures_on_this_machine_neither() -> None:
    flow = a_flow(method="GET", path="/v1/usage")

    await pages(flow, an_exchange(route=Route.USAGE, client=Client("127.0.0.1", None))).request(flow)

    assert flow.response and flow.response.status_code == 401


@pytest.mark.parametrize(
    ("metrics", "status"), [(Answer(200, (), b"a 1\n"), 200), (None, 503)], ids=["metrics", "too many ask"]
)
async def test_metrics_are_written_elsewhere(metrics: Answer | None, status: int) -> None:
    flow = a_flow(method="GET", path="/metrics")

    await pages(flow, an_exchange(route=Route.METRICS), metrics).request(flow)

    assert flow.response and flow.response.status_code == status


async def test_the_pools_usage_is_told_here() -> None:
    flow = a_flow(method="GET", path="/backend-api/wham/usage")

    await pages(flow, an_exchange(route=Route.POOL_USAGE)).request(flow)

    assert flow.response and flow.response.status_code == 200
    assert json.loads(flow.response.content or b"")["rate_limit"]["allowed"] is False, "nobody is there to serve"


async def test_ready_is_told_here() -> None:
    flow = a_flow(method="GET", path="/health/ready")

    await pages(flow, an_exchange(route=Route.READY)).request(flow)

    assert flow.response and flow.response.status_code == 503


async def test_a_store_that_cannot_be_read_is_told_and_not_made_anew(tmp_path: Path) -> None:
    store_with(tmp_path, "a").close()
    plain = a_key(tmp_path, "team")
    async with running(tmp_path) as proxy:
        for path in tmp_path.glob(f"{DATABASE_NAME}*"):
            path.unlink()
        status, body = await proxy.ask("GET", "/v1/usage", b"", **bearer(plain))
        assert not (tmp_path / DATABASE_NAME).exists()

    assert (status, json.loads(body)["error"]["code"]) == (503, "busy")


async def test_a_key_sees_its_own_use_limits_and_resets_and_nobody_elses(tmp_path: Path) -> None:
    store_with(tmp_path, "a").close()
    limits = tuple(map(parse_limit, ("1M-tokens/day", "5usd/week:gpt-5.5", "60req/min", "4 concurrent")))
    plain, other = a_key(tmp_path, "team", limits=limits), a_key(tmp_path, "other")
    async with running(tmp_path) as proxy:
        for _ in range(2):
            assert (await proxy.ask(body=TURN, **bearer(plain)))[0] == 200
        await proxy.ask(body=TURN, **bearer(other))
        with closing(open_store(tmp_path)) as db:
            await until(lambda: len([row for row in requests(db, 9) if row.outcome]) == 3)
        status, body = await proxy.ask("GET", "/v1/usage", b"", **bearer(plain))
        figures = json.loads(body)

    assert status == 200
    sums = ("request_count", "total_tokens", "input_tokens", "cached_input_tokens", "output_tokens")
    assert [figures[name] for name in ("name", *sums)] == ["team", 2, 240, 200, 80, 40]
    assert figures["total_cost_usd"] > 0
    day, week, minute, concurrent = figures["limits"]
    assert day == {
        "limit": "1M-tokens/day", "kind": "tokens", "span": "day", "model": None,
        "amount": 1_000_000, "used": 240, "left": 999_760, "resets_at": day["resets_at"],
    }  # fmt: skip
    assert 0 < day["resets_at"] - time.time() <= 86_400
    assert (week["model"], week["amount"]) == ("gpt-5.5", 5.0)
    assert week["used"] == pytest.approx(figures["total_cost_usd"], abs=2e-6)
    assert (minute["used"], minute["left"]) == (2, 58)
    assert 0 < minute["resets_at"] - time.time() <= 60
    assert (concurrent["amount"], concurrent["used"], concurrent["resets_at"]) == (4, 0, None)
    with closing(open_store(tmp_path)) as db:
        assert len(requests(db, 9)) == 3, "the page is no exchange"
