"""/metrics and /health/ready through the real proxy."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from addons.exchange import Exchanges
from addons.metrics import Metrics
from addons.readiness import Watch
from addons.store_reader import StoreReader
from codexlb_store.accounts import account_id
from codexlb_store.writer import Writer
from tests.addons.key_lab import TURN, a_key, bearer
from tests.addons.proxy import COMPLETED, OK_HEAD, Proxy, Upstream, auth_json, chunk, running, store_with
from tests.addons.samples import a_flow, a_pool, an_exchange
from tests.addons.test_tallies import CLOSING
from tests.addons.waiting import until
from tests.addons.web_visitor import ELSEWHERE, Browser

A = account_id("user-a", "acct-a")
BUSY = b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\n{}"


async def samples(proxy: Proxy, **headers: str) -> dict[str, float]:
    """The page for Prometheus, by name and labels."""
    seen = await Browser(proxy).get("/metrics", **headers)
    assert seen.status == 200
    assert seen.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = seen.body.decode()
    assert list(text_string_to_metric_families(text)), "Prometheus can read it"
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_what_was_served_is_counted_once(tmp_path: Path) -> None:
    store_with(tmp_path, "a").close()
    async with running(tmp_path) as proxy:
        for _ in range(3):
            assert (await proxy.ask(body=TURN))[0] == 200
        found = await samples(proxy)

    assert found['codexlb_requests_total{kind="turn",outcome="completed"}'] == 3
    assert found[f'codexlb_attempts_total{{account="{A}",failure="none"}}'] == 3
    assert found[f'codexlb_tokens_total{{account="{A}",model="gpt-5.5",type="input"}}'] == 300
    assert found[f'codexlb_cost_usd_total{{account="{A}",model="gpt-5.5"}}'] > 0
    assert found['codexlb_first_token_seconds_count{kind="turn"}'] == 3
    assert found['codexlb_duration_seconds_count{kind="turn"}'] == 3
    assert found[f'codexlb_in_flight{{account="{A}"}}'] == 0
    assert found["codexlb_ready"] == 1
    assert found["process_resident_memory_bytes"] > 1e6


async def test_a_failed_attempt_is_counted_with_its_reason(tmp_path: Path) -> None:
    store_with(tmp_path, "a", "b").close()
    async with running(tmp_path, Upstream(answer=BUSY)) as proxy:
        await proxy.ask(body=TURN)
        found = await samples(proxy)

    failed = {name: value for name, value in found.items() if name.startswith("codexlb_attempts_total")}
    assert sum(failed.values()) >= 2
    assert not any('failure="none"' in name for name in failed)
    assert found['codexlb_requests_total{kind="turn",outcome="failed"}'] == 1


async def test_who_waits_for_a_slot_and_what_runs_is_seen(tmp_path: Path) -> None:
    release = asyncio.Event()

    class Slow(Upstream):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            self.connections += 1
            await release.wait()
            writer.write(OK_HEAD + chunk(COMPLETED) + b"0\r\n\r\n")
            writer.close()

    store_with(tmp_path, "a").close()
    async with running(tmp_path, Slow(), codexlb_account_concurrency=1) as proxy:
        turns = [asyncio.create_task(proxy.ask(body=TURN)) for _ in range(3)]
        await until(lambda: proxy.upstream.connections)
        while (found := await samples(proxy))["codexlb_waiting"] < 2:
            await asyncio.sleep(0.01)
        assert found[f'codexlb_in_flight{{account="{A}"}}'] == 1
        release.set()
        await asyncio.gather(*turns)
        assert (await samples(proxy))["codexlb_waiting"] == 0


async def test_the_loop_is_watched(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        metrics = next(addon for addon in proxy.chain.addons if isinstance(addon, Metrics))
        async with asyncio.timeout(10):
            while not (await samples(proxy))["codexlb_event_loop_lag_seconds_count"]:
                await asyncio.sleep(0.05)
        assert metrics.task and not metrics.task.done()
    assert metrics.task.done()


async def test_others_need_a_key_for_it(tmp_path: Path) -> None:
    plain = a_key(tmp_path)
    async with running(tmp_path) as proxy:
        browser = Browser(proxy, ELSEWHERE)
        for path in ("/metrics", "/health/ready"):
            seen = await browser.get(path)
            assert (seen.status, seen.code) == (401, "invalid_api_key")
            assert (await browser.get(path, authorization="Bearer sk-clb-wrong")).status == 401
            assert (await browser.get(path, **bearer(plain))).status in (200, 503)
        assert (await browser.get("/health")).status == 200
        assert (await Browser(proxy).get("/metrics", authorization="Bearer sk-clb-wrong")).status == 200, "it is here"


async def test_nothing_secret_and_nobodys_address_is_in_it(tmp_path: Path) -> None:
    store_with(tmp_path, "a").close()
    plain = a_key(tmp_path)
    async with running(tmp_path) as proxy:
        await proxy.ask(body=TURN, **bearer(plain))
        page = (await Browser(proxy).get("/metrics")).body.decode()

    secrets = (plain, "example.com", "rt-a", "acct-a", auth_json("a").split('"access_token": "')[1][:40])
    assert [secret for secret in secrets if secret in page] == []


async def test_ready_says_why_not_and_until_when(tmp_path: Path) -> None:
    async with running(tmp_path) as proxy:
        browser = Browser(proxy)
        seen = await browser.get("/health/ready")
        assert (seen.status, seen.document["reason"], seen.document["until"]) == (503, "no_accounts", None)
        assert (await browser.get("/health")).status == 200

        store_with(tmp_path, "a").close()
        async with asyncio.timeout(5):
            while (seen := await browser.get("/health/ready")).status != 200:
                await asyncio.sleep(0.01)
        assert seen.document["status"] == "ready"
        head = await browser.get("/health/ready", "HEAD")
        assert (head.status, head.body) == (200, b"")


async def test_a_full_window_makes_it_unready_until_its_reset(tmp_path: Path) -> None:
    limits = (
        b"x-codex-primary-used-percent: 100\r\nx-codex-primary-window-minutes: 300\r\nx-codex-primary-reset-at: %d\r\n"
    )
    store_with(tmp_path, "a").close()
    reset = int(time.time()) + 3600
    head = OK_HEAD.replace(b"\r\n\r\n", b"\r\n" + limits % reset + b"\r\n")
    async with running(tmp_path, Upstream(answer=head + chunk(COMPLETED) + b"0\r\n\r\n")) as proxy:
        await proxy.ask(body=TURN)
        seen = await Browser(proxy).get("/health/ready")
        found = await samples(proxy)

    assert (seen.status, seen.document["reason"], seen.document["until"]) == (503, "usage_limit_reached", reset)
    assert found[f'codexlb_window_used_percent{{account="{A}",minutes="300"}}'] == 100
    assert found['codexlb_accounts{status="limited"}'] == 1


def test_a_request_counts_once_though_both_hooks_are_called(tmp_path: Path) -> None:
    flow = a_flow()
    exchange = an_exchange(closing=CLOSING)
    watch = Watch(a_pool(), Writer(tmp_path))
    metrics = Metrics(Exchanges({flow: exchange}), watch, lambda: 0, StoreReader(tmp_path))
    metrics.error(flow)
    metrics.response(flow)
    metrics.response(a_flow())

    value = metrics.tallies.registry.get_sample_value(
        "codexlb_requests_total", {"kind": "turn", "outcome": "completed"}
    )
    assert (value, exchange.counted) == (1.0, True)


def test_a_page_of_ours_is_not_counted(tmp_path: Path) -> None:
    flow = a_flow()
    metrics = Metrics(
        Exchanges({flow: an_exchange()}), Watch(a_pool(), Writer(tmp_path)), lambda: 0, StoreReader(tmp_path)
    )
    metrics.response(flow)

    assert metrics.tallies.registry.get_sample_value("codexlb_duration_seconds_count", {"kind": "turn"}) is None
