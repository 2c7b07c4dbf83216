from __future__ import annotations

import pytest
from sqlite_utils import Database

from codexlb_store.migrations import MIGRATIONS, STEPS


def test_steps_are_numbered_in_the_order_they_are_applied() -> None:
    assert [step.__name__[:5] for step in STEPS] == [f"m{n:03}_" for n in range(1, len(STEPS) + 1)]


def test_a_blank_database_gets_every_table() -> None:
    db = Database(memory=True)

    MIGRATIONS.apply(db)

    assert set(db.table_names()) - {"_sqlite_migrations"} == {
        "accounts",
        "tokens",
        "windows",
        "homes",
        "exchanges",
        "attempts",
    }
    assert MIGRATIONS.pending(db) == []
    db.close()


@pytest.mark.parametrize(
    ("sql", "plan"),
    [
        pytest.param(
            "SELECT count(*) FROM exchanges WHERE opened_at >= coalesce(:since, 0) AND opened_at < 9e99",
            "SEARCH exchanges USING COVERING INDEX exchanges_opened_at (opened_at>? AND opened_at<?)",
            id="a span of time",
        ),
        pytest.param(
            "SELECT * FROM exchanges ORDER BY opened_at DESC, rowid DESC LIMIT 5",
            "SCAN exchanges USING INDEX exchanges_opened_at",
            id="the newest",
        ),
        pytest.param(
            "SELECT * FROM exchanges WHERE outcome IS NULL",
            "SCAN exchanges USING INDEX exchanges_open",
            id="what is open",
        ),
    ],
)
def test_reports_find_their_rows_by_index(sql: str, plan: str) -> None:
    db = Database(memory=True)
    MIGRATIONS.apply(db)

    steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", {"since": 1})]

    assert steps == [plan]
    db.close()
