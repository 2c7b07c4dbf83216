"""The credential of a request is fresh when it goes onto the wire, or another account serves it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from mitmproxy.exceptions import OptionsError
from mitmproxy.test import taddons, tflow

from addons.core.attempt import Attempt
from addons.credentials import Credentials, is_due, is_expired
from addons.exchange import Exchange, Exchanges, Lease, NextStep
from addons.wire.routes import Route
from codexlb_store.accounts import Credential, save_login
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.pool import Pool, load_snapshot
from codexlb_store.schema import open_store
from codexlb_store.selection import Choice
from codexlb_store.vault import Vault
from codexlb_store.writer import Writer
from scripts.simulator.faults import Fault
from scripts.simulator.server import Simulator

TOKEN = "/oauth/token"
RESPONSES = "/backend-api/codex/responses"
TURN = b'{"model":"gpt-5.5","stream":true,"input":[{"type":"message","role":"user","content":[]}]}'
NOW = 1_000_000.0
DAY = 86_400.0
CREDENTIAL = Credential("a", "w", "access", "refresh", None, None, 1, fedramp=False)


@pytest.mark.parametrize(
    ("expires_at", "last_refresh", "due"),
    [
        pytest.param(NOW + 301, NOW - 9 * DAY, False, id="lasts, whatever its age"),
        pytest.param(NOW + 300, NOW, True, id="five minutes before its end"),
        pytest.param(NOW - 1, NOW, True, id="expired"),
        # one that does not say when it expires
        pytest.param(None, NOW - 8 * DAY, False, id="eight days old"),
        pytest.param(None, NOW - 8 * DAY - 1, True, id="older"),
        pytest.param(None, None, False, id="of unknown age"),
    ],
)
def test_when_a_token_is_refreshed(expires_at: float | None, last_refresh: float | None, due: bool) -> None:
    assert is_due(replace(CREDENTIAL, expires_at=expires_at, last_refresh=last_refresh), NOW) is due


@pytest.mark.parametrize(
    ("expires_at", "expired"), [(NOW + 1, False), (NOW, True), (None, False)], ids=["lasts", "ended", "does not say"]
)
def test_when_a_token_is_no_good_any_more(expires_at: float | None, expired: bool) -> None:
    assert is_expired(replace(CREDENTIAL, expires_at=expires_at), NOW) is expired


# The addon, with a store and an issuer, called as mitmproxy calls it.


@dataclass
class Bench:
    """The addon over a store with the accounts plus-1 and plus-2."""

    sim: Simulator
    credentials: Credentials
    pool: Pool
    home: Path

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
    """`indirect` says in how many seconds the access tokens expire."""
    async with Simulator(accounts="plus,plus") as sim:
        import_logins(tmp_path, sim, expires_in=getattr(request, "param", 3600.0))
        vault = Vault.open(tmp_path, os.environ)
        with closing(open_store(tmp_path)) as db:
            pool = Pool(load_snapshot(db, vault, 0.0))
        writer = Writer(tmp_path)
        writer.start()
        credentials = Credentials(Exchanges(), pool, writer, vault)
        with taddons.context(credentials) as context:
            context.configure(credentials, codexlb_issuer=sim.origin)
            yield Bench(sim, credentials, pool, tmp_path)
            await credentials.done()
        writer.close()


def import_logins(home: Path, sim: Simulator, expires_in: float) -> None:
    """Both accounts' logins go into the store, as `codexlb accounts import` would put them there."""
    vault = Vault.open(home, os.environ)
    with closing(open_store(home)) as db:
        for name in ("plus-1", "plus-2"):
            save_login(db, vault, parse_auth_json(sim.auth_json(name, expires_in)), time.time())


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


async def test_an_issuer_that_is_none_is_refused(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path, os.environ)
    with closing(open_store(tmp_path)) as db:
        pool = Pool(load_snapshot(db, vault, 0.0))
    credentials = Credentials(Exchanges(), pool, Writer(tmp_path), vault)

    with (
        taddons.context(credentials) as context,
        pytest.raises(OptionsError, match="codexlb_issuer: 'auth' is not an origin"),
    ):
        context.configure(credentials, codexlb_issuer="auth")
