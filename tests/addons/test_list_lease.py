"""The list of models is asked of who sees most, and that changes nothing for anybody else."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from addons.balancer import Balancer
from addons.exchange import Affinity, Client, Exchanges, NextStep
from addons.list_lease import (
    PATIENCE_SECONDS,
    SEES_MOST,
    deliberation_of_list,
    lease_for_list,
    patience_seconds,
    sees_less,
)
from addons.wire.routes import Route
from codexlb_store.accounts import AccountStatus
from codexlb_store.keys import Key
from codexlb_store.model_lists import KeptList
from codexlb_store.phrases import reason_words
from codexlb_store.pricing import load_prices
from codexlb_store.windows import Window
from tests.addons.samples import ACCOUNT, a_flow, a_pool, an_exchange

NOW = 1000.0
A = replace(ACCOUNT, id="a", plan="free")
B = replace(ACCOUNT, id="b", plan="pro")
C = replace(ACCOUNT, id="c", plan="plus")
KEPT = KeptList("", "a", b"{}", "application/json", None, (), NOW)
BUDGET = 240.0


def a_question(**fields: Any) -> Any:
    return an_exchange(**{"route": Route.MODELS, "lease": None, "affinity": Affinity(None, None), **fields})


WHO: dict[str, tuple[dict[str, Any], str | None]] = {
    "who sees most": ({}, "b"),
    "not at the session's home": ({"affinity": Affinity("s1", "a")}, "b"),
    "the next best": ({"tried": {"b"}}, "c"),
    "the last": ({"tried": {"b", "c"}}, "a"),
    "nobody is left": ({"tried": {"a", "b", "c"}}, None),
    "within the key's accounts": ({"client": Client("::1", Key("k", 1.0, accounts=("a", "c")))}, "c"),
    "none of the key's accounts is there": ({"client": Client("::1", Key("k", 1.0, accounts=("x",)))}, None),
    "still in time": ({"opened_at": NOW - BUDGET + 1}, "b"),
    "too late": ({"opened_at": NOW - BUDGET}, None),
    "one is kept, still in time": ({"kept": KEPT, "opened_at": NOW - PATIENCE_SECONDS + 1}, "b"),
    "one is kept, and Codex does not wait": ({"kept": KEPT, "opened_at": NOW - PATIENCE_SECONDS}, None),
}


@pytest.mark.parametrize(("fields", "expected"), WHO.values(), ids=WHO)
def test_who_is_asked(fields: dict[str, Any], expected: str | None) -> None:
    lease = lease_for_list(a_question(**fields), a_pool(A, B, C), NOW, BUDGET)

    assert (lease.account_id if lease else None) == expected


PATIENCE: dict[str, tuple[KeptList | None, float, float]] = {
    "at first": (KEPT, NOW, PATIENCE_SECONDS),
    "later": (KEPT, NOW - 2.0, PATIENCE_SECONDS - 2.0),
    "too late": (KEPT, NOW - 9.0, 0.0),
    "the clock was put back": (KEPT, NOW + 9.0, PATIENCE_SECONDS),
    "none is kept": (None, NOW - 9.0, math.inf),
}


@pytest.mark.parametrize(("kept", "opened_at", "expected"), PATIENCE.values(), ids=PATIENCE)
def test_for_how_long_a_list_is_looked_for(kept: KeptList | None, opened_at: float, expected: float) -> None:
    assert patience_seconds(a_question(kept=kept, opened_at=opened_at), NOW) == expected


def test_it_costs_no_quota() -> None:
    pool = a_pool(A, B, windows=(Window("b", 300, 100.0, NOW + 600, NOW),))

    lease = lease_for_list(a_question(), pool, NOW, BUDGET)

    assert pool.standing("b", NOW).status is AccountStatus.LIMITED
    assert lease is not None
    assert lease.account_id == "b"


def test_who_failed_lately_is_asked_after_its_equals() -> None:
    pool = a_pool(B, replace(B, id="d"), C)
    pool.health.ail("b", NOW + 30)

    lease = lease_for_list(a_question(), pool, NOW, BUDGET)

    assert lease is not None
    assert lease.account_id == "d"


async def test_no_turn_is_chosen_otherwise_for_it() -> None:
    """It takes no slot though there is none, waits in no line, and leaves chance and turns as they are."""
    pool = a_pool(A, B)
    balancer = Balancer(Exchanges(), pool, load_prices(), rng := random.Random(1))
    balancer.most = 1
    pool.take("b", NOW)
    pool.last_chosen.clear()
    before, flow = rng.getstate(), a_flow(method="GET", path="/backend-api/codex/models", body=b"")
    exchange = balancer.exchanges[flow] = a_question(opened_at=10e9)

    await balancer.request(flow)

    assert (exchange.lease and exchange.lease.account_id, exchange.next_step) == ("b", None)
    assert (pool.in_flight, pool.last_chosen, balancer.line, balancer.settling) == ({"b": 1}, {}, [], {})
    assert rng.getstate() == before
    exchange.next_step = NextStep.OTHER
    balancer.end(flow)
    assert pool.in_flight == {"b": 1}


def test_the_choice_is_explained() -> None:
    pool, exchange = a_pool(A, B), a_question()
    lease = lease_for_list(exchange, pool, NOW, BUDGET)
    assert lease is not None

    found = deliberation_of_list(exchange, pool, lease, NOW)

    assert (found.number, found.account_id, found.reason) == (1, "b", SEES_MOST)
    assert reason_words(found.reason) == "its plan has the most models"
    assert [candidate.account_id for candidate in found.free] == ["b"]


LESS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "of a smaller plan": ("c", {}, True),
    "the one whose list is shown": ("b", {}, False),
    "the largest that the key may use": ("c", {"client": Client("::1", Key("k", 1.0, accounts=("a", "c")))}, False),
    "gone": ("x", {}, False),
}


@pytest.mark.parametrize(("account_id", "fields", "expected"), LESS.values(), ids=LESS)
def test_whose_list_is_not_the_one_that_is_shown(account_id: str, fields: dict[str, Any], expected: bool) -> None:
    assert sees_less(a_question(**fields), a_pool(A, B, C), account_id, NOW) is expected


def test_the_list_of_an_equal_is_the_same() -> None:
    assert not sees_less(a_question(), a_pool(B, replace(B, id="d")), "d", NOW)
    assert not sees_less(a_question(), a_pool(), "d", NOW)
