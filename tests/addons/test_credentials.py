"""The credential of a request is fresh when it goes onto the wire, or another account serves it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from mitmproxy.exceptions import OptionsError
from mitmproxy.test import taddons, tflow

from addons.core.attempt import Attempt
from addons.credentials import Credentials
from addons.exchange import Exchange, Exchanges, Lease, NextStep
from addons.wire.routes import Route
from codexlb_store.pool import Pool
from codexlb_store.selection import Choice
from scripts.simulator.faults import Fault
from scripts.simulator.server import Simulator
from tests.addons.upkeep.refresh_lab import TOKEN, a_lab

NOW = 1_000_000.0


@dataclass
class Bench:
    """The addon over a store with the accounts plus-1 and plus-2."""

    sim: Simulator
    credentials: Credentials
    pool: Pool

    def account_id(self, name: str) -> str:
        (found,) = [account.id for account in self.pool.accounts.values() if account.email.startswith(name)]
        return found

    def exchange(self, name: str) -> tuple[Exchange, Attempt]:
        """A request that is leased to this account."""
        flow = tflow.tflow()
        exchange = Exchange(Route.RESPONSES, NOW)
        exchange.lease = self.lease(name)
        self.credentials.exchanges[flow] = exchange
        return exchange, Attempt(flow, 1)

    def lease(self, name: str) -> Lease:
        return Lease(self.account_id(name), Choice(self.account_id(name), ()))

    def calls(self) -> list[str | None]:
        """Whose tokens the issuer was asked to refresh, and why."""
        bodies = [json.loads(entry.body or b"") for entry in self.sim.log]
        return [body["refresh_reason"] for body in bodies]


@pytest.fixture
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """The addon, called as mitmproxy calls it; `indirect` says in how many seconds the access tokens expire."""
    async with Simulator(accounts="plus,plus") as sim:
        lab = a_lab(tmp_path, sim, getattr(request, "param", 3600.0))
        async with lab.worker() as worker:
            credentials = Credentials(Exchanges(), worker.pool, worker.refresher)
            with taddons.context(credentials) as context:
                context.configure(credentials, codexlb_issuer=sim.origin)
                yield Bench(sim, credentials, worker.pool)
                await credentials.done()


async def test_a_good_token_is_used_as_it_is(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    await bench.credentials.request(attempt.flow)

    assert exchange.credential == bench.pool.credentials[bench.account_id("plus-1")]
    assert (exchange.credential_problem, bench.calls()) == (None, [])


@pytest.mark.parametrize("bench", [240.0, -60.0], indirect=True, ids=["ends soon", "expired"])
async def test_a_token_near_its_end_is_refreshed_first(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    await bench.credentials.request(attempt.flow)

    assert exchange.credential and exchange.credential.version == 2
    assert bench.calls() == ["proactive_expiry"]


@pytest.mark.parametrize(
    ("bench", "code"),
    [pytest.param(240.0, None, id="still good"), pytest.param(-60.0, "http_500", id="expired")],
    indirect=["bench"],
)
async def test_while_it_is_good_a_token_survives_trouble_at_the_issuer(bench: Bench, code: str | None) -> None:
    bench.sim.script(Fault(path=TOKEN, status=500))
    exchange, attempt = bench.exchange("plus-1")
    await bench.credentials.request(attempt.flow)

    assert exchange.credential_problem == code
    assert (exchange.credential is None) is (code is not None)
    assert attempt.flow.response is None


async def test_an_account_that_was_removed_has_no_credential(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    bench.pool.credentials.clear()
    await bench.credentials.request(attempt.flow)

    assert (exchange.credential, exchange.credential_problem) == (None, "account_removed")
    assert attempt.flow.response is None


async def test_without_a_lease_there_is_no_credential(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    exchange.lease = None
    await bench.credentials.request(attempt.flow)
    await bench.credentials.upstream_attempt_failed(attempt)

    assert (exchange.credential, exchange.credential_problem) == (None, None)


async def test_a_token_the_upstream_refused_is_refreshed(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    await bench.credentials.request(attempt.flow)
    exchange.next_step = NextStep.REFRESH
    await bench.credentials.upstream_attempt_failed(attempt)

    assert exchange.credential and exchange.credential.version == 2
    assert bench.calls() == ["unauthorized_recovery"]


async def test_a_token_that_was_refreshed_meanwhile_is_not_refreshed_again(bench: Bench) -> None:
    first, second = bench.exchange("plus-1"), bench.exchange("plus-1")
    for exchange, attempt in (first, second):
        await bench.credentials.request(attempt.flow)
        exchange.next_step = NextStep.REFRESH
    for _, attempt in (first, second):
        await bench.credentials.upstream_attempt_failed(attempt)

    assert first[0].credential == second[0].credential == bench.pool.credentials[bench.account_id("plus-1")]
    assert len(bench.calls()) == 1


async def test_a_refused_token_that_cannot_be_refreshed_is_not_used_again(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    await bench.credentials.request(attempt.flow)
    bench.sim.script(Fault(path=TOKEN, status=500))
    exchange.next_step = NextStep.REFRESH
    await bench.credentials.upstream_attempt_failed(attempt)

    assert (exchange.credential, exchange.credential_problem) == (None, "http_500")


async def test_the_next_account_brings_its_own_credential(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    exchange.credential_problem = "http_500"
    exchange.lease = bench.lease("plus-2")
    exchange.next_step = NextStep.OTHER
    await bench.credentials.upstream_attempt_failed(attempt)

    assert exchange.credential == bench.pool.credentials[bench.account_id("plus-2")]
    assert exchange.credential_problem is None


@pytest.mark.parametrize("step", [NextStep.SAME, NextStep.GIVE_UP, NextStep.OTHER, None])
async def test_the_same_account_keeps_its_credential(bench: Bench, step: NextStep | None) -> None:
    exchange, attempt = bench.exchange("plus-1")
    await bench.credentials.request(attempt.flow)
    used, exchange.next_step = exchange.credential, step
    await bench.credentials.upstream_attempt_failed(attempt)

    assert exchange.credential is used
    assert bench.calls() == []


async def test_an_issuer_that_is_none_is_refused(bench: Bench) -> None:
    with (
        taddons.context(bench.credentials) as context,
        pytest.raises(OptionsError, match="codexlb_issuer: 'auth' is not an origin"),
    ):
        context.configure(bench.credentials, codexlb_issuer="auth")


async def test_after_the_end_no_refresh_begins(bench: Bench) -> None:
    exchange, attempt = bench.exchange("plus-1")
    await bench.credentials.request(attempt.flow)
    await bench.credentials.done()
    exchange.next_step = NextStep.REFRESH
    await bench.credentials.upstream_attempt_failed(attempt)

    assert (exchange.credential_problem, bench.calls()) == ("shutting_down", [])
