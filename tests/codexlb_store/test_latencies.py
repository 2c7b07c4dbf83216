from __future__ import annotations

import datetime

import pytest
from sqlite_utils import Database

from codexlb_store.latencies import Latency, latencies, percentile
from codexlb_store.ledger import Outcome
from codexlb_store.usage import Dimension, Filters
from tests.codexlb_store.rows import add


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([7.0], 50, 7.0, id="the only one"),
        pytest.param([7.0], 95, 7.0, id="the only one again"),
        pytest.param([1.0, 2.0], 50, 1.0, id="half of two"),
        pytest.param([1.0, 2.0], 95, 2.0, id="nearly all of two"),
        pytest.param([1.0, 2.0, 3.0], 50, 2.0, id="half of three"),
        pytest.param([float(number) for number in range(1, 101)], 95, 95.0, id="of a hundred"),
    ],
)
def test_percentiles(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_how_long_the_answers_of_each_group_took(db: Database) -> None:
    for number in range(20):
        add(db, model="fast", opened_at=1000.0 + number, closing={"first_token_ms": 10.0 * number, "total_ms": 100.0})
    add(db, model="slow", opened_at=90_000.0, closing={"first_token_ms": 700.0, "total_ms": 9000.0})
    add(db, model="unheard", closing={"first_token_ms": None, "outcome": Outcome.FAILED})
    add(db, model="running", is_open=True)

    fast, slow = Latency(90.0, 180.0, 100.0, 100.0), Latency(700.0, 700.0, 9000.0, 9000.0)
    assert latencies(db, (Dimension.MODEL,)) == {("fast",): fast, ("slow",): slow}
    assert latencies(db, (Dimension.DAY, Dimension.MODEL), zone=datetime.UTC) == {
        ("1970-01-01", "fast"): fast,
        ("1970-01-02", "slow"): slow,
    }
    assert latencies(db, filters=Filters(since=2000.0)) == {(): slow}
    assert latencies(db, filters=Filters(model="f*", until=2000.0)) == {(): fast}


def test_without_answers_there_are_none(db: Database) -> None:
    assert latencies(db) == latencies(db, (Dimension.HOUR,)) == {}
