"""How long a session stays where its cache is, and what makes an account its home."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from addons.core.attempt import Attempt
from addons.exchange import Affinity, Exchange, Exchanges
from addons.sticky import Sticky, is_news, warm_home
from addons.wire.failures import Diagnosis, Failure
from addons.wire.routes import Route
from codexlb_store.sessions import Home
from codexlb_store.writer import Writer
from tests.addons.samples import ACCOUNT, ASK, a_flow, a_pool, an_answered_exchange, an_answered_flow, an_exchange

TTL = 100.0
KNOWN = Home("s1", "a", 1000.0)


@pytest.mark.parametrize(
    ("home", "now", "expected"),
    [
        pytest.param(None, 1000.0, None, id="unknown"),
        pytest.param(KNOWN, 1000.0, "a", id="just used"),
        pytest.param(KNOWN, 1100.0, "a", id="at the last moment"),
        pytest.param(KNOWN, 1100.1, None, id="cold"),
        pytest.param(KNOWN, 900.0, "a", id="the clock was set back"),
    ],
)
def test_a_session_has_a_home_while_its_cache_is_warm(home: Home | None, now: float, expected: str | None) -> None:
    assert warm_home(home, now, TTL) == expected


@pytest.mark.parametrize(
    ("known", "home", "expected"),
    [
        pytest.param(None, KNOWN, True, id="first turn"),
        pytest.param(KNOWN, Home("s1", "b", 1000.0), True, id="moved"),
        pytest.param(KNOWN, KNOWN, False, id="same"),
        pytest.param(KNOWN, Home("s1", "a", 1009.9), False, id="a moment later"),
        pytest.param(KNOWN, Home("s1", "a", 1010.0), True, id="a tenth of the time later"),
        pytest.param(KNOWN, Home("s1", "a", 990.0), False, id="an older turn that ends last"),
    ],
)
def test_a_home_is_written_down_when_that_changes_what_is_known(known: Home | None, home: Home, expected: bool) -> None:
    assert is_news(known, home, TTL) is expected


@pytest.fixture
def sticky(tmp_path: Path) -> Sticky:
    return Sticky(Exchanges(), a_pool(ACCOUNT), Writer(tmp_path))


@pytest.mark.parametrize(
    ("route", "opened_at", "expected"),
    [
        pytest.param(Route.RESPONSES, 1100.0, "a", id="turn"),
        pytest.param(Route.RESPONSES, 1101.0, None, id="turn, cold"),
        pytest.param(Route.SEARCH, 1101.0, None, id="search, cold"),
        pytest.param(Route.GOALS, 1101.0, "a", id="a goal is where it was set"),
        pytest.param(Route.MODELS, 1000.0, None, id="models are of no session"),
    ],
)
def test_the_account_that_a_session_is_kept_on(
    sticky: Sticky, route: Route, opened_at: float, expected: str | None
) -> None:
    flow = a_flow()
    exchange = sticky.exchanges[flow] = an_exchange(route=route, opened_at=opened_at, affinity=None)
    sticky.cache_ttl_seconds = int(TTL)
    sticky.pool.remember(KNOWN)

    sticky.request(flow)

    assert exchange.affinity
    assert exchange.affinity.home == expected


@pytest.mark.parametrize(
    ("exchange", "status"),
    [
        pytest.param(an_answered_exchange(sent_at=None), 200, id="never left"),
        pytest.param(an_answered_exchange(lease=None), 200, id="no lease"),
        pytest.param(an_answered_exchange(affinity=None), 200, id="never looked up"),
        pytest.param(an_answered_exchange(affinity=Affinity(None, None)), 200, id="no session"),
        pytest.param(an_answered_exchange(), None, id="no answer"),
        pytest.param(an_answered_exchange(), 429, id="refused upstream"),
        pytest.param(an_answered_exchange(), 304, id="nothing read"),
        pytest.param(an_answered_exchange(route=Route.SEARCH), 200, id="its cache is where it was"),
        pytest.param(an_answered_exchange(route=Route.OTHER), 200, id="nobody knows what it left there"),
    ],
)
def test_only_an_account_that_served_becomes_a_home(sticky: Sticky, exchange: Exchange, status: int | None) -> None:
    flow = an_answered_flow(status) if status else a_flow()
    sticky.exchanges[flow] = exchange

    sticky.response(flow)

    assert sticky.served(flow) is None
    assert (sticky.pool.homes, sticky.writer.backlog) == ({}, 0)


def test_where_a_session_is_served_is_its_home_from_the_first_byte_on(sticky: Sticky) -> None:
    """Written once: the end of the same turn tells nothing new."""
    flow = an_answered_flow()
    sticky.exchanges[flow] = an_answered_exchange()

    sticky.responseheaders(flow)
    assert sticky.pool.homes["s1"].account_id == "a"
    sticky.response(flow)
    sticky.error(flow)

    assert sticky.writer.backlog == 1


def test_a_long_turn_keeps_its_session_warm_to_its_end(sticky: Sticky) -> None:
    flow, before = an_answered_flow(), time.time()
    sticky.exchanges[flow] = an_answered_exchange()
    sticky.pool.remember(Home("s1", "a", before - sticky.cache_ttl_seconds / 2))

    sticky.response(flow)

    assert sticky.pool.homes["s1"].last_used_at >= before


@pytest.mark.parametrize(
    ("session", "age_seconds", "expected"),
    [
        ("s1", 60, Affinity("s1", "a", "a")),
        ("s1", 3600, Affinity("s1", None, "a")),
        ("s2", 60, Affinity("s2", None)),
        (None, 60, Affinity(None, None)),
    ],
    ids=["warm", "cold", "new", "none"],
)
def test_a_request_learns_its_sessions_home_and_who_served_it_last(
    sticky: Sticky, session: str | None, age_seconds: float, expected: Affinity
) -> None:
    flow = a_flow()
    ask = type(ASK)(ASK.kind, session=session)
    exchange = sticky.exchanges[flow] = an_exchange(ask=ask, affinity=None)
    sticky.pool.remember(Home("s1", "a", exchange.opened_at - age_seconds))

    sticky.request(flow)

    assert exchange.affinity == expected


def test_who_issued_a_turn_state_is_remembered(sticky: Sticky) -> None:
    """Codex repeats it in the same turn, and another account may refuse it."""
    told, local = (an_answered_flow(200, (b"x-codex-turn-state", state)) for state in (b"of-a", b"of-nobody"))
    sticky.exchanges[told] = an_answered_exchange()
    sticky.exchanges[local] = an_answered_exchange(in_the_air=False)

    sticky.responseheaders(told)
    sticky.responseheaders(local)

    assert sticky.pool.turn_states == {"of-a": "a"}


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(Failure.FOREIGN_CONTENT, Affinity("s1", "b", "b")), (Failure.OVERLOADED, Affinity("s1", None, "b"))],
)
def test_what_another_account_sealed_brings_the_session_back_there_however_cold(
    sticky: Sticky, failure: Failure, expected: Affinity
) -> None:
    flow = a_flow()
    affinity, failed = Affinity("s1", None, "b"), [("a", Diagnosis(failure, "code", None))]
    exchange = sticky.exchanges[flow] = an_exchange(affinity=affinity, diagnoses=failed)
    sticky.pool.remember(Home("s1", "b", 0.0))

    sticky.upstream_attempt_failed(Attempt(flow, 1))

    assert exchange.affinity == expected
