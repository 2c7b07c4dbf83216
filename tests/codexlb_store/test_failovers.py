"""The last failed attempts, and where their requests went."""

from __future__ import annotations

from sqlite_utils import Database

from codexlb_store.failovers import failovers
from codexlb_store.ledger import AttemptRow, Outcome
from tests.codexlb_store.rows import add

FULL = AttemptRow(1, "a1", "usage_limit", 429, None, 1000.0, 5.0)
OVERLOADED = AttemptRow(2, "a2", "overloaded", 503, None, 1001.0, 5.0)
CUT = AttemptRow(1, "a1", "cut", None, None, 1500.0, 5.0)
SERVED = AttemptRow(3, "a3", None, 200, None, 1002.0, 5.0)


def test_the_newest_come_first_with_what_became_of_the_request(db: Database) -> None:
    add(db, account_id="a3", session="s1", closing={"attempts": (FULL, OVERLOADED, SERVED)})
    add(db, account_id="a1", session="s2", closing={"outcome": Outcome.FAILED, "attempts": (CUT,)})

    found = failovers(db, ("a1", "a2", "a3"), since=0.0, limit=10)

    assert [(one.at, one.account_id, one.failure, one.to_account_id, one.session, one.outcome) for one in found] == [
        (1500.0, "a1", "cut", None, "s2", "failed"),
        (1001.0, "a2", "overloaded", "a3", "s1", "completed"),
        (1000.0, "a1", "usage_limit", "a3", "s1", "completed"),
    ]


def test_only_so_many_of_these_accounts_since_then(db: Database) -> None:
    add(db, account_id="a3", closing={"attempts": (FULL, OVERLOADED, SERVED)})

    assert [one.account_id for one in failovers(db, ("a1", "a2"), 0.0, 1)] == ["a2"]
    assert [one.account_id for one in failovers(db, ("a1",), 0.0, 9)] == ["a1"]
    assert failovers(db, ("a1", "a2"), 1001.5, 9) == []
    assert failovers(db, (), 0.0, 9) == []
