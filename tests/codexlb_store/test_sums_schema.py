from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlite_utils import Database

from codexlb_store.ledger import (
    CacheLoss,
    Closing,
    Estimate,
    Opening,
    Outcome,
    Tokens,
    close_exchange,
    mark_lost,
    open_exchange,
)
from codexlb_store.sums_schema import GROUPS, SUM_ALL, SUMMED
from tests.codexlb_store.rows import CLOSING, OPENING, UNKNOWN, add_exchange

UNKNOWN_SUMS = dict.fromkeys(
    (
        *("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost_usd", "estimated_input_tokens"),
        *("estimated_output_tokens", "estimated_cost_usd", "expected_cached_tokens", "lost_cached_tokens"),
    )
)
ONE = {
    **UNKNOWN_SUMS,
    "requests": 1,
    "attempts": 1,
    "failovers": 0,
    "moved": 0,
    "counted": 1,
    "priced": 1,
    "estimated": 0,
    "input_tokens": 100,
    "cached_tokens": 40,
    "output_tokens": 20,
    "reasoning_tokens": 5,
    "cost_usd": 0.25,
}
NOTHING_KNOWN = {**ONE, **UNKNOWN_SUMS, "counted": 0, "priced": 0}


def sums(db: Database, *names: str) -> list[dict[str, Any]]:
    """These columns of every row of the sums."""
    return [{name: row[name] for name in names} for row in db["sums"].rows]


def test_what_is_open_is_in_no_sum(db: Database) -> None:
    open_exchange(db, OPENING)

    assert sums(db, "requests") == []


def test_a_closed_row_is_summed_under_what_it_has(db: Database) -> None:
    add_exchange(db, replace(OPENING, opened_at=1799.9, key_id="k1", project="p1"))

    assert sums(db, "quarter", *GROUPS, *SUMMED) == [
        {
            "quarter": 900,
            "account_id": "a1",
            "key_id": "k1",
            "model": "gpt-5.1",
            "kind": "turn",
            "outcome": "completed",
            "session": "s1",
            "project": "p1",
            "cache_loss": "",
            **ONE,
        }
    ]


def test_no_such_value_is_an_empty_text(db: Database) -> None:
    nobody: dict[str, Any] = dict.fromkeys(("account_id", "key_id", "model", "session", "project"))
    add_exchange(db, replace(OPENING, **nobody))

    assert sums(db, *nobody) == [dict.fromkeys(nobody, "")]


def test_it_is_summed_as_the_upstream_confirmed_it(db: Database) -> None:
    add_exchange(db, closing=replace(CLOSING, model="gpt-5.1-2026", account_id="a2"))

    assert sums(db, "model", "account_id") == [{"model": "gpt-5.1-2026", "account_id": "a2"}]


def test_a_row_is_summed_once_however_often_it_is_closed(db: Database) -> None:
    add_exchange(db)
    close_exchange(db, CLOSING)
    close_exchange(db, replace(CLOSING, outcome=Outcome.FAILED))
    mark_lost(db, living=[], now=5000.0)

    assert sums(db, "outcome", *SUMMED) == [{"outcome": "completed", **ONE}]


def test_a_lost_row_is_summed_too_and_not_by_a_late_close_again(db: Database) -> None:
    open_exchange(db, OPENING)
    assert mark_lost(db, living=[], now=5000.0) == 1
    close_exchange(db, CLOSING)

    assert sums(db, "outcome", *SUMMED) == [{"outcome": "lost", **NOTHING_KNOWN, "attempts": 0}]


def test_what_is_taken_back_is_in_no_sum(db: Database) -> None:
    open_exchange(db, OPENING)
    with pytest.raises(ZeroDivisionError), db.atomic():
        close_exchange(db, CLOSING)
        raise ZeroDivisionError

    assert sums(db, "requests") == []


@pytest.mark.parametrize(
    ("changes", "figures"),
    [
        pytest.param({}, ONE, id="all known"),
        pytest.param({"tokens": UNKNOWN, "cost_usd": None}, NOTHING_KNOWN, id="nothing known"),
        pytest.param(
            {"tokens": Tokens(7, None, 0, None), "cost_usd": None},
            {**NOTHING_KNOWN, "counted": 1, "input_tokens": 7, "output_tokens": 0},
            id="some known, and 0 is",
        ),
        pytest.param({"attempts": ()}, {**ONE, "attempts": 0}, id="never left"),
        pytest.param({"moved": True}, {**ONE, "moved": 1}, id="moved"),
        pytest.param(
            {"attempts": (*CLOSING.attempts, replace(CLOSING.attempts[0], number=2))},
            {**ONE, "attempts": 2, "failovers": 1},
            id="failed over",
        ),
        pytest.param(
            {"tokens": UNKNOWN, "cost_usd": None, "estimate": Estimate(900, 30, None)},
            {**NOTHING_KNOWN, "estimated": 1, "estimated_input_tokens": 900, "estimated_output_tokens": 30},
            id="estimated",
        ),
        pytest.param(
            {"expected_cached": 90, "cache_loss": CacheLoss.IDLE},
            {**ONE, "expected_cached_tokens": 90, "lost_cached_tokens": 50},
            id="less from the cache than expected",
        ),
        pytest.param(
            {"expected_cached": 10},
            {**ONE, "expected_cached_tokens": 10, "lost_cached_tokens": 0},
            id="more from the cache than expected",
        ),
        pytest.param(
            {"expected_cached": 90, "tokens": UNKNOWN, "cost_usd": None},
            {**NOTHING_KNOWN, "expected_cached_tokens": 90},
            id="expected, and nobody knows what came",
        ),
    ],
)
def test_what_one_row_adds(changes: dict[str, Any], figures: dict[str, Any], db: Database) -> None:
    add_exchange(db, closing=replace(CLOSING, **changes))

    assert sums(db, *SUMMED) == [figures]


@pytest.mark.parametrize("first_is_known", [True, False], ids=["known first", "unknown first"])
def test_what_is_unknown_takes_nothing_from_what_is_known(first_is_known: bool, db: Database) -> None:
    unknown = replace(CLOSING, tokens=UNKNOWN, cost_usd=None)
    for number, closing in enumerate((CLOSING, unknown) if first_is_known else (unknown, CLOSING)):
        add_exchange(db, replace(OPENING, id=f"x{number}"), closing)

    assert sums(db, *SUMMED) == [{**ONE, "requests": 2, "attempts": 2}]


OTHERS: list[tuple[Opening, Closing]] = [
    (replace(OPENING, id="x2", opened_at=1000.0 + 900), CLOSING),
    (replace(OPENING, id="x3", kind="compact"), CLOSING),
    (replace(OPENING, id="x4"), replace(CLOSING, outcome=Outcome.CANCELLED)),
    (replace(OPENING, id="x5"), replace(CLOSING, cache_loss=CacheLoss.IDLE)),
    (replace(OPENING, id="x6"), replace(CLOSING, tokens=UNKNOWN, cost_usd=None)),
]


def test_all_rows_summed_at_once_are_what_they_are_one_by_one(db: Database) -> None:
    """It is how a ledger of an earlier release comes to its sums."""
    add_exchange(db)
    for opening, closing in OTHERS:
        add_exchange(db, opening, closing)
    one_by_one = list(db["sums"].rows)
    db.execute("DELETE FROM sums")

    db.execute(SUM_ALL)

    assert list(db["sums"].rows) == one_by_one
    assert len(one_by_one) == 5
