"""Why a request went to its account, and why to none of the others."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from addons.deliberations import Options, deliberation_of, row_of
from addons.exchange import Affinity, Client, Deliberation
from codexlb_store.accounts import AccountStatus
from codexlb_store.choices import ChoiceRow, Considered
from codexlb_store.keys import Key
from codexlb_store.pool import Pool
from codexlb_store.selection import Candidate, Strategy, choose
from codexlb_store.windows import Window
from tests.addons.samples import ACCOUNT, a_pool, an_exchange

NOW = 1000.0
A, B, C = (replace(ACCOUNT, id=name) for name in "abc")
BOUND = Client("10.0.0.7", Key("team", 1.0, accounts=("a",)))


def deliberate(
    pool: Pool, free: str, able: str | None = None, settling: str | None = None, waited: bool = False, **fields: Any
) -> Deliberation:
    """The choice among those that are free, by fill_first: of equals the first."""
    fields.setdefault("affinity", Affinity("s1", None))
    exchange = an_exchange(lease=None, **fields)
    free_ones = [pool.candidate(name) for name in free]
    able_ones = free_ones if able is None else [pool.candidate(name) for name in able]
    options = Options(able_ones, free_ones, settling, Strategy.FILL_FIRST, waited)
    choice = choose(Strategy.FILL_FIRST, free_ones, NOW, random.Random(1))
    return deliberation_of(exchange, pool, options, choice, NOW)


@pytest.mark.parametrize(
    ("found", "account_id", "reason"),
    [
        pytest.param(deliberate(a_pool(A, B), "ab"), "a", "fill_first", id="by the strategy"),
        pytest.param(deliberate(a_pool(A, B), "ab", waited=True), "a", "fill_first, waited", id="after waiting"),
        pytest.param(deliberate(a_pool(A, B), "b", affinity=Affinity("s1", "b")), "b", "warm home", id="home"),
        pytest.param(deliberate(a_pool(A, B), "b", settling="b"), "b", "settling", id="beside the first request"),
        pytest.param(deliberate(a_pool(A, B), "a", settling="b"), "a", "fill_first", id="its account fails"),
        pytest.param(deliberate(a_pool(), ""), None, "nobody can serve", id="no account"),
        pytest.param(deliberate(a_pool(A), "", "a", waited=True), None, "nobody can serve, waited", id="in vain"),
    ],
)
def test_a_choice_has_a_reason(found: Deliberation, account_id: str | None, reason: str) -> None:
    assert (found.account_id, found.reason) == (account_id, reason)


def ailing_pool(until: float = NOW + 9, model: str = "") -> Pool:
    pool = a_pool(A, B, C)
    pool.health.ail("b", until, model)
    return pool


def barred_pool() -> Pool:
    pool = a_pool(A, B)
    pool.health.bar("b", "gpt-5.5", NOW + 9)
    return pool


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(deliberate(a_pool(A, B), "ab"), {}, id="nobody"),
        pytest.param(deliberate(a_pool(A, B), "a", client=BOUND), {"b": "key"}, id="another key's"),
        pytest.param(deliberate(a_pool(A, B), "a", tried={"b"}), {"b": "tried"}, id="failed in this request"),
        pytest.param(deliberate(a_pool(A, B), "a", "ab"), {"b": "concurrency"}, id="no slot"),
        pytest.param(
            deliberate(a_pool(A, replace(B, state=AccountStatus.PAUSED)), "a"), {"b": "paused"}, id="its status"
        ),
        pytest.param(deliberate(a_pool(A, replace(B, cooling_until=NOW + 9)), "a"), {"b": "cooling"}, id="it rests"),
        pytest.param(deliberate(barred_pool(), "a"), {"b": "model"}, id="not this model"),
        pytest.param(deliberate(ailing_pool(), "ac"), {"b": "ailing"}, id="it ails"),
        pytest.param(deliberate(a_pool(replace(A, state=AccountStatus.DRAINING)), ""), {"a": "draining"}, id="all"),
        # Where the session lives the others are not looked at
        pytest.param(deliberate(a_pool(A, B), "b", affinity=Affinity("s1", "b")), {}, id="home"),
        pytest.param(deliberate(a_pool(A, B), "b", settling="b"), {}, id="settling"),
    ],
)
def test_every_other_account_has_a_hindrance(found: Deliberation, expected: dict[str, str]) -> None:
    assert dict(found.hindered) == expected


def test_choices_are_numbered_as_the_attempts_are() -> None:
    assert deliberate(a_pool(A), "a").number == 1
    assert deliberate(a_pool(A), "a", attempts=[object(), object()]).number == 3


def test_a_row_has_every_weight_with_its_terms() -> None:
    windows = (Window("a", 300, 30.0, NOW + 60, NOW), Window("a", 10_080, 40.0, NOW + 3600, NOW))
    busy, fresh = Candidate("a", "pro", windows, in_flight=2, weight=0.5), Candidate("b", "plus", ())
    found = Deliberation(2, NOW, "a", "capacity_weighted", (busy, fresh), (("a", 3.5), ("b", 1.0)), (("c", "paused"),))

    row = row_of("x1", found)

    terms = {
        "capacity": 50_400.0,
        "owner_weight": 0.5,
        "short_used_percent": 30.0,
        "long_used_percent": 40.0,
        "in_flight": 2.0,
        "long_reset_seconds": 3600.0,
    }
    unused = {**terms, "capacity": 7560.0, "owner_weight": 1.0, "short_used_percent": 0.0}
    unused |= {"long_used_percent": 0.0, "in_flight": 0.0}
    del unused["long_reset_seconds"]
    considered = (
        Considered("a", weight=3.5, terms=terms),
        Considered("b", weight=1.0, terms=unused),
        Considered("c", excluded="paused"),
    )
    assert row == ChoiceRow("x1", 2, NOW, "a", "capacity_weighted", considered)
