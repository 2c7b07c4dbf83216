from __future__ import annotations

import math
from dataclasses import replace

import pytest

from codexlb_store.budget import ASK_AGAIN_SECONDS, Budget, Hold
from codexlb_store.grants import Grant, Move, Need
from codexlb_store.limits import Limit, LimitKind, Span

NOW = 1000.0
LATER = NOW + ASK_AGAIN_SECONDS
DAY_ENDS = 86_400.0
DAY = Limit(LimitKind.TOKENS, Span.DAY, 100, id=7)
MINUTE = Limit(LimitKind.REQUESTS, Span.MINUTE, 10, id=8)
CONCURRENT = Limit(LimitKind.CONCURRENT, None, 4, id=9)


def budget(limit: Limit = DAY, *, free: int = 0, left: int = 0, elsewhere: int = 0) -> Budget:
    """A budget that was topped up at NOW."""
    made = Budget(limit, "UTC")
    made.take(Grant(limit.id, 0.0, None if limit is CONCURRENT else DAY_ENDS, free, left, elsewhere), NOW)
    return made


@pytest.mark.parametrize(
    ("held", "wanted", "now", "offer"),
    [
        pytest.param(Budget(DAY, "UTC"), 10, NOW, None, id="nothing was asked for yet"),
        pytest.param(budget(free=10, left=5), 10, NOW, 10, id="just enough"),
        pytest.param(budget(free=9, left=5), 10, NOW, None, id="the store has more"),
        pytest.param(budget(free=9), 10, NOW, 9, id="it has not: what there is"),
        pytest.param(budget(free=1), 10, NOW, 1, id="down to one unit"),
        pytest.param(budget(free=0), 10, NOW, 0, id="nothing at all"),
        pytest.param(budget(free=-5), 10, NOW, 0, id="less than nothing"),
        pytest.param(budget(free=0), 10, DAY_ENDS - 1, 0, id="to the end of the window"),
        pytest.param(budget(free=50), 10, DAY_ENDS, None, id="which has ended"),
        pytest.param(budget(CONCURRENT, free=0), 1, 1e12, 0, id="which never ends"),
        # when others hold something, the store is asked again before long
        pytest.param(budget(free=0, elsewhere=5), 10, NOW + 0.2, 0, id="others hold it"),
        pytest.param(budget(free=0, elsewhere=5), 10, NOW + ASK_AGAIN_SECONDS, None, id="they may have given back"),
        pytest.param(budget(free=9, elsewhere=5), 10, NOW + ASK_AGAIN_SECONDS, None, id="or some of it"),
    ],
)
def test_what_a_request_can_have(held: Budget, wanted: int, now: float, offer: int | None) -> None:
    assert held.offer(wanted, now) == offer


@pytest.mark.parametrize(
    ("held", "need"),
    [
        pytest.param(budget(free=4, left=1), Need(7, 6, -3, 0.0, DAY_ENDS, is_rolling=False), id="the rest"),
        pytest.param(budget(free=-50), Need(7, 60, 51, 0.0, DAY_ENDS, is_rolling=False), id="and what is owed"),
        pytest.param(Budget(MINUTE, "UTC"), Need(8, 10, 1, NOW, NOW + 60, is_rolling=True), id="a rolling window"),
        pytest.param(Budget(CONCURRENT, "UTC"), Need(9, 10, 1, 0.0, None, is_rolling=False), id="no window"),
        pytest.param(
            Budget(DAY, "Asia/Tokyo"), Need(7, 10, 1, -32_400.0, 54_000.0, is_rolling=False), id="another zone"
        ),
    ],
)
def test_what_the_store_is_asked_for(held: Budget, need: Need) -> None:
    assert held.need(10, NOW) == need
    assert held.is_asked


def test_what_is_handed_out_adds_up_within_a_window() -> None:
    held = budget(free=10, left=5)
    held.hold(8)
    held.take(Grant(DAY.id, 0.0, DAY_ENDS, 5, 0, 0), NOW)

    assert held.free == 7


def test_a_new_window_starts_from_nothing() -> None:
    held = budget(free=10, left=5)
    held.take(Grant(DAY.id, DAY_ENDS, 2 * DAY_ENDS, 5, 0, 0), DAY_ENDS)

    assert (held.free, held.starts_at, held.ends_at) == (5, DAY_ENDS, 2 * DAY_ENDS)


def test_a_request_holds_its_part_of_the_window() -> None:
    held = budget(free=10, left=5)

    assert held.hold(8) == Hold(DAY.id, 0.0, LimitKind.TOKENS, 8)
    assert held.free == 2


def test_it_is_exhausted_when_nobody_holds_anything() -> None:
    assert budget().is_exhausted
    assert not budget(elsewhere=1).is_exhausted
    assert not budget(left=1).is_exhausted


@pytest.mark.parametrize(
    ("held", "move", "free"),
    [
        pytest.param(budget(free=10), Move(DAY.id, 0.0, 10), 0, id="all that is free"),
        pytest.param(budget(free=0), None, 0, id="nothing is free"),
        pytest.param(budget(free=-5), None, -5, id="what is owed stays"),
        pytest.param(Budget(DAY, "UTC"), None, 0, id="no window"),
    ],
)
def test_what_is_given_back(held: Budget, move: Move | None, free: int) -> None:
    assert held.give_back(LATER) == move
    assert held.free == free


def test_what_goes_back_can_be_asked_for_again() -> None:
    held = budget(free=10)
    held.give_back(LATER)

    assert held.offer(1, LATER) is None


def test_what_was_just_handed_out_is_kept_for_the_request_that_needed_it() -> None:
    held = budget(free=10)
    assert held.give_back(NOW + 0.2) is None

    held.hold(4)
    assert held.give_back(NOW + 0.2) == Move(DAY.id, 0.0, 6)


def test_while_the_store_is_asked_nothing_goes_back() -> None:
    held = budget(free=10, left=5)
    held.need(20, LATER)

    assert held.give_back(LATER) is None
    assert held.take(Grant(DAY.id, 0.0, DAY_ENDS, 5, 0, 0), LATER) is None
    assert held.free == 15


@pytest.mark.parametrize(
    ("limit", "zone", "move"),
    [
        pytest.param(DAY, "UTC", None, id="no change"),
        pytest.param(replace(DAY, amount=50), "UTC", Move(DAY.id, 0.0, 10), id="another amount"),
        pytest.param(DAY, "Asia/Tokyo", Move(DAY.id, 0.0, 10), id="another zone"),
    ],
)
def test_a_changed_limit_counts_at_once(limit: Limit, zone: str, move: Move | None) -> None:
    held = budget(free=10)

    assert held.change(limit, zone) == move
    assert (held.limit, held.time_zone) == (limit, zone)
    assert held.offer(1, NOW) == (1 if move is None else None)
    assert held.dry_until == (math.inf if move is None else 0.0)


def test_a_raised_limit_is_no_longer_exhausted() -> None:
    held = budget(free=-5)

    assert held.change(replace(DAY, amount=200), "UTC") is None
    assert held.offer(1, NOW) is None
    assert held.free == -5


@pytest.mark.parametrize(
    ("limit", "starts_at"), [(DAY, None), (CONCURRENT, 0.0), (MINUTE, 0.0)], ids=["day", "concurrent", "minute"]
)
def test_days_begin_at_other_times_in_another_zone(limit: Limit, starts_at: float | None) -> None:
    held = budget(limit, free=4)
    held.change(limit, "Asia/Tokyo")

    assert held.starts_at == starts_at
