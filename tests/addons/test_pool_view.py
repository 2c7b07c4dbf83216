"""The pool's limits are looked at again when something changed, and for each reach of a key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from addons.exchange import Client, Exchange
from addons.pool_view import KEPT_SECONDS, PoolView
from codexlb_store.accounts import AccountStatus
from codexlb_store.keys import Key
from codexlb_store.pool import Pool
from codexlb_store.windows import Window
from tests.addons.samples import ACCOUNT, a_pool, an_exchange

NOW = 1000.0
ANYBODY = an_exchange()


def bound_to(*accounts: str) -> Exchange:
    return an_exchange(client=Client("127.0.0.1", Key("team", 1.0, accounts=accounts)))


@pytest.fixture
def pool() -> Pool:
    """Three accounts that have used 10, 20 and 60 % of their five hours."""
    accounts = [replace(ACCOUNT, id=name) for name in "abc"]
    used = zip("abc", (10.0, 20.0, 60.0), strict=True)
    return a_pool(*accounts, windows=tuple(Window(name, 300, percent, NOW + 5, NOW) for name, percent in used))


def used(view: PoolView, exchange: Exchange, now: float = NOW) -> list[float]:
    return [window.used_percent for window in view.limits(exchange, now).windows]


def test_a_key_sees_the_accounts_that_it_is_bound_to(pool: Pool) -> None:
    view = PoolView(pool)

    assert used(view, ANYBODY) == [30]
    assert used(view, bound_to("a", "b")) == [15]
    assert used(view, bound_to("c")) == [60]
    assert used(view, bound_to()) == []
    assert view.look(bound_to("c"), NOW)[1][0] == (b"x-codex-primary-used-percent", b"60")


def test_a_fresh_reading_shows_at_once(pool: Pool) -> None:
    view = PoolView(pool)
    assert used(view, ANYBODY) == [30]

    pool.note_windows([Window("a", 300, 40.0, NOW + 5, NOW)])

    assert used(view, ANYBODY) == [40]


def test_a_decision_shows_at_once(pool: Pool) -> None:
    view = PoolView(pool)
    assert used(view, ANYBODY) == [30]

    pool.note_account(replace(pool.accounts["c"], state=AccountStatus.PAUSED))

    assert used(view, ANYBODY) == [15]


@pytest.mark.parametrize("later", [5.0, -3600.0], ids=["later", "a clock that was set back"])
def test_what_time_changes_shows_within_a_second(pool: Pool, later: float) -> None:
    view = PoolView(pool)
    before = view.limits(ANYBODY, NOW)

    assert view.limits(ANYBODY, NOW + KEPT_SECONDS / 2) is before
    assert view.limits(ANYBODY, NOW + later) is not before
    assert used(view, ANYBODY, NOW + 5) == [0], "all are over"
