"""Failures are counted by address, for a minute, and in bounded memory."""

from __future__ import annotations

from addons.failed_tries import MOST_ADDRESSES, MOST_IN_A_WINDOW, WINDOW_SECONDS, FailedTries

NOW = 1000.0


def test_so_many_failures_a_minute_are_answered_plainly_and_then_told_when_to_come_back() -> None:
    tries = FailedTries()

    assert [tries.add("a", NOW + n) for n in range(MOST_IN_A_WINDOW)] == [None] * MOST_IN_A_WINDOW
    assert tries.add("a", NOW + 40) == WINDOW_SECONDS - 40
    assert tries.add("b", NOW + 40) is None
    assert tries.add("a", NOW + WINDOW_SECONDS) is None, "a minute after the first"


def test_a_clock_that_is_set_back_blocks_nobody_for_long() -> None:
    tries = FailedTries()
    for _ in range(MOST_IN_A_WINDOW):
        tries.add("a", NOW)

    assert tries.add("a", NOW - 3600) is None


def test_who_failed_longest_ago_is_forgotten_first() -> None:
    tries = FailedTries()
    for _ in range(MOST_IN_A_WINDOW):
        tries.add("first", NOW)
    for number in range(MOST_ADDRESSES):
        tries.add(str(number), NOW)

    assert len(tries) == MOST_ADDRESSES
    assert tries.add("first", NOW) is None


def test_fewer_may_be_borne_and_who_is_let_in_begins_anew() -> None:
    tries = FailedTries(2)

    assert [tries.add("a", NOW) is None for _ in range(3)] == [True, True, False]
    tries.forget("a")
    tries.forget("unknown")
    assert tries.add("a", NOW) is None
