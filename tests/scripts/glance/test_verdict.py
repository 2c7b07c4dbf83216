"""Whether enough is left of a window, of any account or of every one."""

from __future__ import annotations

from typing import Any

import pytest

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from scripts.glance.verdict import Answer, Asked, judge, parse_window, serving
from scripts.glance.verdict_words import verdict_line
from tests.scripts.glance.test_line import NOW, view

WEEK = 10_080
ENOUGH, BELOW, UNAVAILABLE = Answer.ENOUGH, Answer.BELOW, Answer.UNAVAILABLE

MUCH, LITTLE = view("ann", (300, 20.0), (WEEK, 40.0)), view("bob", (300, 20.0), (WEEK, 95.0))
JUST, STALE = view("carol", (WEEK, 90.0)), view("dora", (WEEK, 10.0), age=7200)
OTHER = view("emil", (43_200, 1.0))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(("5h", 300), ("weekly", WEEK), ("Week", WEEK), ("7d", WEEK), ("1w", WEEK), ("monthly", 43_200)),
        *(("30d", 43_200), ("daily", 1440), ("90", 90), ("90min", 90), (" 5 h ", 300)),
    ],
)
def test_windows_as_people_write_them(text: str, minutes: int) -> None:
    assert parse_window(text) == minutes


@pytest.mark.parametrize("text", ["", "weakly", "0", "-5", "5x", "h"])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="is no window: write 5h, weekly"):
        parse_window(text)


@pytest.mark.parametrize(
    ("views", "asked", "answer", "line"),
    [
        pytest.param([MUCH, LITTLE], Asked(10, WEEK), ENOUGH,
                     "enough: ann has 60% of week left, 10% asked for", id="any: one is enough"),
        pytest.param([LITTLE], Asked(10, WEEK), BELOW, "below 10%: the most, bob has 5% of week left", id="any: none"),
        pytest.param([JUST], Asked(10, WEEK), ENOUGH,
                     "enough: carol has 10% of week left, 10% asked for", id="just so much is enough"),
        pytest.param([MUCH, LITTLE], Asked(10, WEEK, of_every=True), BELOW,
                     "below 10%: bob has 5% of week left", id="all: one is below"),
        pytest.param([MUCH, JUST], Asked(10, WEEK, of_every=True), ENOUGH,
                     "enough: the least, carol has 10% of week left, 10% asked for", id="all: every one"),
        pytest.param([LITTLE, STALE], Asked(10, WEEK), UNAVAILABLE,
                     "unavailable: last read 2 h ago, more than 1 h 0 min; is `codexlb serve` running?",
                     id="any: the unknown one may have enough"),
        pytest.param([MUCH, STALE], Asked(10, WEEK), ENOUGH,
                     "enough: ann has 60% of week left, 10% asked for", id="any: known is enough"),
        pytest.param([MUCH, STALE], Asked(10, WEEK, of_every=True), UNAVAILABLE,
                     "unavailable: last read 2 h ago, more than 1 h 0 min; is `codexlb serve` running?",
                     id="all: the unknown one may be below"),
        pytest.param([LITTLE, STALE], Asked(10, WEEK, of_every=True), BELOW,
                     "below 10%: bob has 5% of week left", id="all: known is below"),
        pytest.param([STALE], Asked(10, WEEK, max_age_seconds=7200), ENOUGH,
                     "enough: dora has 90% of week left, 10% asked for", id="as old as it may be"),
        pytest.param([MUCH, OTHER], Asked(10, WEEK, of_every=True), ENOUGH,
                     "enough: the least, ann has 60% of week left, 10% asked for", id="no such window is no limit"),
        pytest.param([OTHER], Asked(10, WEEK), UNAVAILABLE,
                     "unavailable: no account that takes work has a window of week that was ever read",
                     id="nobody has it"),
        pytest.param([MUCH, LITTLE], Asked(70), BELOW,
                     "below 70%: the most, ann has 60% of week left", id="without a window the fullest counts"),
        pytest.param([], Asked(10), UNAVAILABLE,
                     "unavailable: no account that takes work has a window that was ever read", id="nobody at all"),
        pytest.param([view("ann", (WEEK, 100.0))], Asked(0, WEEK), ENOUGH,
                     "enough: ann has 0% of week left, 0% asked for", id="nothing is enough for nothing"),
    ],
)  # fmt: skip
def test_a_verdict(views: list[AccountView], asked: Asked, answer: Answer, line: str) -> None:
    found = judge(views, asked, NOW)
    names = {view.account.id: view.account.email.partition("@")[0] for view in views}

    assert found.answer is answer
    assert verdict_line(found, asked, names, NOW) == line


@pytest.mark.parametrize("status", list(AccountStatus))
def test_work_goes_to_accounts_that_serve_now_or_once_a_limit_is_over(status: AccountStatus) -> None:
    serves: Any = {AccountStatus.ACTIVE, AccountStatus.LIMITED, AccountStatus.COOLING}

    assert bool(serving([view("ann", status=status)])) is (status in serves)
