"""The first page shows what the report shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.accounts import account_id
from codexlb_store.ledger import AttemptRow, CacheLoss, Estimate, Outcome, Tokens
from codexlb_store.schema import open_store
from codexlb_store.windows import Window, save_windows
from tests.addons.proxy import store_with
from tests.addons.web.reading_lab import NOW, show
from tests.codexlb_store.rows import UNKNOWN, add

ANN, BOB = account_id("user-ann", "acct-ann"), account_id("user-bob", "acct-bob")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two accounts; one has its five hours used up."""
    with closing(store_with(tmp_path, "ann", "bob")) as db:
        save_windows(
            db,
            [
                Window(ANN, 300, 62.0, NOW + 3600, NOW - 30),
                Window(ANN, 10_080, 12.0, NOW + 90_000, NOW - 30),
                Window(BOB, 300, 100.0, NOW + 1800, NOW - 3600),
            ],
        )
    return tmp_path


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    with closing(open_store(home)) as opened:
        yield opened


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    shown = show(tmp_path)

    assert "codexlb accounts login" in shown.words
    assert "Nothing went otherwise than it should." in shown.words
    assert shown.status == 200


def test_an_account_has_a_card_with_status_windows_and_what_is_to_come(home: Path) -> None:
    words = show(home).section("accounts").words

    assert "ann@example.com active 5 h 62% resets in 1 h 0 min," in words
    assert "week 12% resets in 1 d 1 h," in words
    assert "bob@example.com limited (5 h) until" in words
    assert "5 h 100% resets in 30 min," in words
    assert "used up" in words
    assert "read 1 h ago" in words
    assert "0 in flight" in words


def test_bars_say_to_everybody_what_they_show(home: Path) -> None:
    page = show(home).html

    assert 'aria-label="5 h window: 62% used"' in page
    assert 'aria-label="5 h window: 100% used"' in page
    assert re.search(r'class="fill bad" width="100(\.0)?%"', page)


def test_what_was_used_is_summed_up_and_what_is_unknown_is_no_zero(home: Path, db: Database) -> None:
    add(db, opened_at=NOW - 5, account_id=ANN, tokens=Tokens(12_000, 9_000, 500, 100), cost=0.5)
    add(db, opened_at=NOW - 4, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.FAILED})
    add(db, opened_at=NOW - 2 * 86_400, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.LOST})
    usage = show(home).section("usage")

    assert "Today 2 3,000 9,000 75% 500 100 12.5k $0.50" in usage.words
    assert "Last 7 days 3 3,000" in usage.words
    assert "1 completed 1 failed" in usage.words
    assert "1 lost" in usage.words


def test_a_day_of_which_nothing_is_known_reads_so(home: Path, db: Database) -> None:
    add(db, opened_at=NOW - 5, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.FAILED, "first_token_ms": None})

    assert "Today 1 n/a n/a n/a n/a n/a n/a n/a n/a n/a" in show(home).section("usage").words


def test_estimates_are_called_so_and_are_in_no_other_figure(home: Path, db: Database) -> None:
    guess = {"outcome": Outcome.CANCELLED, "estimate": Estimate(4_000, 70, 0.02)}
    add(db, opened_at=NOW - 5, tokens=UNKNOWN, cost=None, closing=guess)
    words = show(home).section("usage").words

    assert "1 cancelled (1 estimated) estimated, and in no figure above: 4,000 input, 70 output tokens, $0.02" in words
    assert "Today 1 n/a" in words


@pytest.mark.parametrize(
    ("asked", "bar", "bars"),
    [("24h", "half hour", 48), ("7d", "3 hours", 56), ("30d", "day", 30), ("?", "half hour", 48)],
)
def test_charts_of_requests_and_cost(asked: str, bar: str, bars: int, home: Path, db: Database) -> None:
    add(db, opened_at=NOW - 5, cost=0.5)
    add(db, opened_at=NOW - 6, cost=0.25, closing={"outcome": Outcome.FAILED})
    course = show(home, range=asked).section("course")

    assert f"Requests per {bar} 2 1 failed" in course.words
    assert f"Cost per {bar} $0.75" in course.words
    assert "2 requests, 1 failed</title>" in course.html
    assert course.html.count('class="slot"') == 2 * bars
    assert (course.html.count('class="value"'), course.html.count('class="wrong"')) == (2, 1)


def test_anomalies_are_counted_and_lead_to_their_requests(home: Path, db: Database) -> None:
    tried = (
        AttemptRow(1, BOB, "rate_limited", 429, None, NOW - 9, 5.0),
        AttemptRow(2, ANN, None, 200, None, NOW - 8, 5.0),
    )
    loss = {"expected_cached": 8_000, "cache_loss": CacheLoss.MOVED, "moved": True, "attempts": tried}
    add(db, opened_at=NOW - 9, account_id=ANN, tokens=Tokens(9_000, 1_000, 5, 0), closing=loss)
    add(db, opened_at=NOW - 8, model="gpt-new", cost=None)
    add(db, opened_at=NOW - 7, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.FAILED})
    anomalies = show(home).section("anomalies")

    assert "1 failed over to another account" in anomalies.words
    assert "7,000 warm tokens lost: 7,000 moved" in anomalies.words
    assert "1 without a price: gpt-new" in anomalies.words
    assert '<a href="/dashboard/requests?outcome=failed&amp;since=7d">failed</a>' in anomalies.html


def test_who_and_what_used_the_most(home: Path, db: Database) -> None:
    add(db, opened_at=NOW - 9, account_id=ANN, model="gpt-5.5", session="hot", tokens=Tokens(9_000, 1_000, 5, 0))
    add(db, opened_at=NOW - 8, account_id=None, model=None, session=None, tokens=UNKNOWN, cost=None)
    shown = show(home)

    assert "ann@example.com 1 9,005 11%" in shown.section("shares").words
    assert "no account 1 n/a n/a n/a" in shown.section("shares").words
    assert "hot 1 9,005 11%" in shown.section("hottest").words
    assert f'href="/dashboard/requests?account={ANN}&amp;since=24h"' in shown.html


def test_the_page_you_are_on_is_marked_and_ways_out_are_for_who_came_in(home: Path) -> None:
    page = show(home).html

    assert page.count("aria-current") == 2, "the page, and the range of the charts"
    assert '<a href="/dashboard" aria-current="page">' in page
    assert "Log out" not in page
