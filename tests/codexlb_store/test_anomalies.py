from __future__ import annotations

import pytest
from sqlite_utils import Database

from codexlb_store.anomalies import Anomalies, CacheLosses, anomalies
from codexlb_store.ledger import UNKNOWN, AttemptRow, CacheLoss, Estimate, Outcome
from codexlb_store.usage import Filters
from tests.codexlb_store.rows import add

NOTHING = Anomalies(0, 0, 0, 0, 0, 0, 0, (), ())
FAILED = AttemptRow(1, "a1", "overloaded", 500, None, 1.0, 1.0)
SERVED = AttemptRow(2, "a2", None, 200, None, 2.0, 1.0)


def test_an_empty_ledger_and_one_as_it_should_be_have_none(db: Database) -> None:
    assert anomalies(db) == NOTHING

    add(db)

    assert anomalies(db) == Anomalies(1, 0, 0, 0, 0, 0, 0, (), ())


@pytest.mark.parametrize("filters", [Filters(), Filters(since=999.5, until=1000.5)], ids=["ever", "of a second"])
def test_everything_that_went_otherwise_is_told(filters: Filters, db: Database) -> None:
    add(db, closing={"attempts": (FAILED, SERVED), "moved": True, "expected_cached": 90, "cache_loss": CacheLoss.MOVED})
    add(db, closing={"expected_cached": 240, "cache_loss": CacheLoss.IDLE})
    add(db, closing={"expected_cached": 60, "cache_loss": CacheLoss.MOVED})
    add(db, cost=None, model="mystery")
    add(db, cost=None, model="mystery")
    add(db, cost=None, model="enigma")
    add(db, cost=None, model=None)
    add(db, tokens=UNKNOWN, cost=None, model="of unknown tokens", closing={"outcome": Outcome.FAILED})
    add(db, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.LOST})
    add(db, tokens=UNKNOWN, cost=None, closing={"outcome": Outcome.CANCELLED, "estimate": Estimate(7, 1, None)})
    add(db, is_open=True)

    assert anomalies(db, filters) == Anomalies(
        requests=11,
        failovers=1,
        moved=1,
        failed=1,
        lost=1,
        estimated=1,
        unpriced=4,
        unpriced_models=("enigma", "mystery"),
        cache_losses=(CacheLosses(CacheLoss.IDLE, 1, 200), CacheLosses(CacheLoss.MOVED, 2, 70)),
    )


def test_they_are_of_what_was_asked_for(db: Database) -> None:
    add(db, cost=None, model="mystery", opened_at=10.0)
    add(db, cost=None, model="enigma", account_id="a2")

    assert anomalies(db, Filters(since=20.0)).unpriced_models == ("enigma",)
    assert anomalies(db, Filters(account_id="a1")).unpriced_models == ("mystery",)
