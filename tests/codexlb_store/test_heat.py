from __future__ import annotations

from sqlite_utils import Database

from codexlb_store.heat import Burn, burn, hottest
from codexlb_store.ledger import UNKNOWN, Tokens
from tests.codexlb_store.rows import add


def test_how_fast_each_account_is_used_per_hour(db: Database) -> None:
    add(db, account_id="a1", opened_at=1000.0)
    add(db, account_id="a2", opened_at=1000.0, tokens=Tokens(500, 0, 100, 0), cost=2.0)
    add(db, account_id="a2", opened_at=2799.0, tokens=Tokens(500, 0, 100, 0), cost=None)
    add(db, account_id=None, opened_at=1500.0, tokens=UNKNOWN, cost=None)
    add(db, account_id="a1", opened_at=2800.0)

    assert burn(db, since=1000.0, until=2800.0) == [
        Burn("a2", 4.0, 2400.0, 4.0),
        Burn("a1", 2.0, 240.0, 1.0),
        Burn(None, 2.0, None, None),
    ]


def test_in_no_time_nothing_is_used(db: Database) -> None:
    add(db)

    assert burn(db, since=1000.0, until=1000.0) == []


def test_the_sessions_that_use_the_most(db: Database) -> None:
    for _ in range(3):
        add(db, session="many", tokens=Tokens(10, 0, 1, 0))
    add(db, session="large", tokens=Tokens(1000, 0, 1, 0))
    add(db, session="old", tokens=Tokens(9999, 0, 1, 0), opened_at=1.0)
    add(db, session="unknown", tokens=UNKNOWN)
    add(db, session=None, tokens=Tokens(5000, 0, 1, 0))
    add(db, session="little", tokens=Tokens(1, 0, 1, 0))

    found = hottest(db, since=500.0, limit=2)

    assert [(row.groups, row.sums.total_tokens) for row in found] == [(("large",), 1001), (("many",), 33)]
