"""What holds of the limits of any pool."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexlb_store.pool_limits import pool_limits
from tests.codexlb_store.seats import LIMITED, MONTH, NOW, SHORT, WEEK, One, Read, at, one, taken_together
from tests.hunts import hunt

READS = st.tuples(st.just(SHORT), st.integers(0, 100), st.none() | st.floats(0.1, 5))
PLANS = st.sampled_from(("free", "plus", "pro", "prolite", "unheard of"))
ACCOUNTS = st.lists(st.builds(lambda read, plan: one(read, plan=plan), READS, PLANS), min_size=1, max_size=8)


@hunt
@given(ACCOUNTS)
def test_the_pool_has_used_no_less_than_its_least_and_no_more_than_its_most_used_account(accounts: list[One]) -> None:
    (window,) = pool_limits(*taken_together(*accounts), NOW).windows

    used = [read[1] for *_, (read,) in accounts]
    assert min(used) - 1e-9 <= window.used_percent <= max(used) + 1e-9


@hunt
@given(ACCOUNTS, st.data())
def test_what_one_account_uses_never_lowers_the_pool(accounts: list[One], data: st.DataObject) -> None:
    at_place = data.draw(st.integers(0, len(accounts) - 1))
    plan, status, until, ((minutes, used, hours),) = accounts[at_place]
    more = data.draw(st.integers(int(used), 100))
    later = [*accounts]
    later[at_place] = plan, status, until, ((minutes, more, hours),)

    (before,) = pool_limits(*taken_together(*accounts), NOW).windows
    (after,) = pool_limits(*taken_together(*later), NOW).windows

    assert after.used_percent >= before.used_percent - 1e-9
    assert (after.used_percent > before.used_percent) == (more > used)


LIMITS = st.tuples(st.floats(0.1, 5), st.floats(0.1, 170), st.sampled_from((SHORT, WEEK, MONTH)))


def used_up(short: float, longer: float, out_of: int) -> One:
    """An account that is out of its five hours, or its week (whatever it has used of five hours), or its month."""
    if out_of == MONTH:
        return one((MONTH, 100, longer), plan="free", status=LIMITED, until=longer)
    windows = (SHORT, 100 if out_of == SHORT else 7, short), (WEEK, 100 if out_of == WEEK else 30, longer)
    return one(*windows, status=LIMITED, until=short if out_of == SHORT else longer)


@hunt
@given(st.lists(LIMITS, min_size=1, max_size=6))
def test_a_pool_that_is_used_up_says_when_it_serves_again(limits: list[tuple[float, float, int]]) -> None:
    """On the shortest window, which Codex shows first: nothing is left, until the first account is back."""
    accounts = [used_up(*limit) for limit in limits]

    found = pool_limits(*taken_together(*accounts), NOW)

    assert found.is_used_up
    assert found.shown[0].used_percent == pytest.approx(100)
    assert found.shown[0].resets_at == at(min(until for *_, until, _ in accounts if until is not None))


@hunt
@given(st.lists(LIMITS, max_size=6), READS)
def test_a_pool_with_something_left_shows_it(limits: list[tuple[float, float, int]], read: Read) -> None:
    minutes, used, hours = read
    serving = one((minutes, min(used, 90), hours), (WEEK, 50, 90))

    found = pool_limits(*taken_together(*(used_up(*limit) for limit in limits), serving), NOW)

    assert found.is_allowed
    assert found.shown[0].used_percent < 99
