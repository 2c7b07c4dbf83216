from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from codexlb_store.ledger import Estimate, Outcome, Tokens
from codexlb_store.reconciliation import Range, Reconciliation
from codexlb_store.retention import prune
from codexlb_store.schema import open_store
from codexlb_store.sums_schema import SUMMED
from codexlb_store.verify import Gaps, Mismatch, OnlySums, verify
from codexlb_store.windows import Window, save_windows
from tests.codexlb_store.million import fill
from tests.codexlb_store.rows import CLOSING, OPENING, UNKNOWN, add_exchange

UTC = datetime.UTC
DAY = 86_400
START = 20_000 * DAY
DATES = ("2024-10-04", "2024-10-05", "2024-10-06")
NO_GAPS = Gaps(0, 0, {}, {}, 0, 0, None)


def add(db: Database, name: str, day: float = 0, **changes: Any) -> None:
    opening = {field: changes.pop(field) for field in ("process", "model") if field in changes}
    opened_at = START + day * DAY
    closing = replace(CLOSING, **{"ended_at": opened_at + 2.5, **changes})
    add_exchange(db, replace(OPENING, id=name, opened_at=opened_at, **opening), closing)


@pytest.fixture
def three_days(db: Database) -> Database:
    for number in range(6):
        add(db, f"x{number}", number / 2)
    return db


def test_what_the_proxy_writes_adds_up(three_days: Database) -> None:
    found = verify(three_days, (), UTC)

    assert (found.requests, found.days, found.mismatches, found.gaps) == (6, 3, (), NO_GAPS)
    assert found.holds


def test_an_empty_ledger_adds_up(db: Database) -> None:
    found = verify(db, (), UTC)

    assert (found.requests, found.days, found.holds, found.gaps) == (0, 0, True, NO_GAPS)


def test_a_large_one_adds_up(db: Database) -> None:
    """Every figure there is occurs in it."""
    fill(db, 20_000, START, days=40)

    found = verify(db, (), UTC)

    sums = db.execute(f"SELECT {', '.join(f'sum({name})' for name in SUMMED if name != 'failovers')} FROM sums")
    assert all(sums.fetchone())
    assert (found.requests, found.mismatches) == (20_000, ())
    assert found.days in (40, 41)
    assert list(found.gaps.unpriced) == ["gpt-9-unpriced"]


@pytest.mark.parametrize(
    ("sql", "mismatches"),
    [
        pytest.param(
            "UPDATE sums SET input_tokens = input_tokens + 1 WHERE quarter = 20001 * 86400",
            [Mismatch(DATES[1], "input_tokens", 200, 200, 201)],
            id="a sum",
        ),
        pytest.param(
            "UPDATE exchanges SET cost_usd = cost_usd + 0.0001 WHERE id = 'x0'",
            [Mismatch(DATES[0], "cost_usd", 0.5, 0.5001, 0.5)],
            id="a row",
        ),
        pytest.param(
            "UPDATE attempts SET output_tokens = 0 WHERE exchange_id = 'x5'",
            [Mismatch(DATES[2], "output_tokens", 20, 40, 40)],
            id="an attempt",
        ),
        pytest.param(
            "UPDATE exchanges SET moved = 1 WHERE id = 'x4'",
            [Mismatch(DATES[2], "moved", None, 1, 0)],
            id="what attempts do not have",
        ),
        pytest.param(
            "UPDATE exchanges SET reasoning_tokens = NULL WHERE opened_at < 20001 * 86400",
            [Mismatch(DATES[0], "reasoning_tokens", 10, None, 10)],
            id="unknown for known",
        ),
        pytest.param(
            "UPDATE sums SET expected_cached_tokens = 0 WHERE quarter = 20001 * 86400",
            [Mismatch(DATES[1], "expected_cached_tokens", None, None, 0)],
            id="0 for unknown",
        ),
    ],
)
def test_tampering_shows(sql: str, mismatches: list[Mismatch], three_days: Database) -> None:
    three_days.execute(sql)

    found = verify(three_days, (), UTC)

    assert list(found.mismatches) == mismatches
    assert not found.holds


def test_a_row_that_is_gone_shows_in_every_figure(three_days: Database) -> None:
    three_days.execute("DELETE FROM exchanges WHERE id = 'x0'")

    found = verify(three_days, (), UTC)

    assert {one.day for one in found.mismatches} == {DATES[0]}
    assert found.mismatches[0] == Mismatch(DATES[0], "requests", None, 1, 2)
    assert found.mismatches[-1] == Mismatch(DATES[0], "cost_usd", 0.25, 0.25, 0.5)
    assert found.gaps == replace(NO_GAPS, attempts_without_row=1)


def test_attempts_that_are_gone_show(three_days: Database) -> None:
    three_days.execute("DELETE FROM attempts")
    three_days.execute("UPDATE exchanges SET attempts = 0 WHERE id = 'x0'")

    found = verify(three_days, (), UTC)

    assert found.gaps == replace(NO_GAPS, tokens_without_attempts=1)
    assert Mismatch(DATES[1], "attempts", None, 2, 2) in found.mismatches
    assert Mismatch(DATES[1], "input_tokens", None, 200, 200) in found.mismatches


def test_days_are_those_of_a_time_zone(three_days: Database) -> None:
    three_days.execute("UPDATE sums SET moved = 9 WHERE quarter = 20002 * 86400")

    [mismatch] = verify(three_days, (), ZoneInfo("America/New_York")).mismatches

    assert mismatch.day == DATES[1]


def test_nobody_else_has_to_wait_and_what_they_write_changes_nothing(home: Path, three_days: Database) -> None:
    other = open_store(home)
    verify(three_days, (), UTC)
    add(other, "later", 1)
    other.close()

    assert not three_days.conn.in_transaction
    assert verify(three_days, (), UTC).requests == 7


@pytest.mark.parametrize(
    ("changes", "without_tokens"),
    [
        pytest.param({"outcome": Outcome.COMPLETED}, {"completed": 1}, id="completed"),
        pytest.param({"outcome": Outcome.INCOMPLETE, "first_token_ms": None}, {"incomplete": 1}, id="incomplete"),
        pytest.param({"outcome": Outcome.CANCELLED}, {"cancelled": 1}, id="cancelled after its first token"),
        pytest.param({"outcome": Outcome.CANCELLED, "first_token_ms": None}, {}, id="cancelled before"),
        pytest.param({"outcome": Outcome.CANCELLED, "estimate": Estimate(9, 9, None)}, {}, id="estimated"),
        pytest.param({"outcome": Outcome.REFUSED, "first_token_ms": None}, {}, id="refused"),
        pytest.param({"outcome": Outcome.FAILED}, {"failed": 1}, id="failed after its first token"),
    ],
)
def test_requests_without_tokens_are_listed(
    changes: dict[str, Any], without_tokens: dict[str, int], db: Database
) -> None:
    add(db, "x1", tokens=UNKNOWN, cost_usd=None, **changes)

    found = verify(db, (), UTC)

    assert found.gaps == replace(NO_GAPS, without_tokens=without_tokens)
    assert found.holds


def test_models_without_a_price_are_named(db: Database) -> None:
    for number, model in enumerate(("gpt-9", "gpt-9", None)):
        add(db, f"x{number}", model=model, cost_usd=None)
    add(db, "no tokens", model="gpt-8", cost_usd=None, tokens=UNKNOWN, first_token_ms=None, outcome=Outcome.REFUSED)

    assert verify(db, (), UTC).gaps == replace(NO_GAPS, unpriced={None: 1, "gpt-9": 2})


def test_what_runs_is_told_from_what_a_dead_process_left(db: Database) -> None:
    for process in ("p1", "p2", "dead"):
        add_exchange(db, replace(OPENING, id=process, process=process), None)

    assert verify(db, {"p1", "p2"}, UTC).gaps == replace(NO_GAPS, running=2, abandoned=1)


def test_days_without_rows_are_listed_and_not_compared(three_days: Database) -> None:
    while prune(three_days, START + 4 * DAY, 2, zone=UTC):
        pass

    found = verify(three_days, (), UTC)

    assert (found.requests, found.days, found.holds) == (2, 1, True)
    assert found.gaps == replace(NO_GAPS, only_sums=OnlySums(DATES[0], DATES[1], 4))


def test_a_day_that_goes_just_now_does_not_count_as_a_mismatch(three_days: Database) -> None:
    prune(three_days, START + 4 * DAY, 2, zone=UTC)
    prune(three_days, START + 4 * DAY, 2, most_rows=1, zone=UTC)
    assert three_days["exchanges"].count == 5

    assert verify(three_days, (), UTC).holds


def test_estimates_are_reconciled_with_the_readings_of_their_account(db: Database) -> None:
    """The first hour of a window teaches what a percent is worth, in the second one somebody went away."""
    for minute, percent in ((0, 0), (60, 20), (120, 30)):
        at = START + 60.0 * minute
        readings = [Window(account, 300, percent, START + 18_000, at) for account in ("a1", "a2")]
        save_windows(db, [*readings, Window("a1", 10_080, percent / 10, START + 9e5, at)])
    for number in range(4):
        add(db, f"x{number}", number / 100, cost_usd=5.0)
    add(db, "gone", 0.05, tokens=UNKNOWN, cost_usd=None, estimate=Estimate(1000, 10, 8.0), outcome=Outcome.CANCELLED)
    add(db, "went at once", 0.06, tokens=UNKNOWN, cost_usd=None, first_token_ms=None, outcome=Outcome.CANCELLED)

    found = verify(db, (), UTC).estimates

    price = Range(20 / 21, 20 / 19)
    assert found == {
        ("a1", 300): Reconciliation(1, 8.0, price, Range(9 * price.low, 11 * price.high)),
        ("a1", 10_080): Reconciliation(1, 8.0, Range(20 / 3, 20.0), Range(0.0, 40.0)),
    }


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"outcome": Outcome.LOST, "first_token_ms": None, "tokens": UNKNOWN}, id="lost"),
        pytest.param({"tokens": Tokens(9, 9, 9, 9)}, id="no price"),
    ],
)
def test_use_of_which_nobody_knows_what_it_cost_reconciles_nothing(changes: dict[str, Any], db: Database) -> None:
    save_windows(db, [Window("a1", 300, 0, START + 18_000, START)])
    save_windows(db, [Window("a1", 300, 50, START + 18_000, START + 600)])
    add(db, "gone", tokens=UNKNOWN, cost_usd=None, estimate=Estimate(1000, 10, 8.0), outcome=Outcome.CANCELLED)
    add(db, "x1", cost_usd=None, **changes)

    assert verify(db, (), UTC).estimates == {}
