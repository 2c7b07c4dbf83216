from __future__ import annotations

import datetime
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from codexlb_store.choices import ChoiceRow, load_choices, save_choice
from codexlb_store.ledger import AttemptRow, Outcome, close_exchange
from codexlb_store.retention import prune, rows_since
from codexlb_store.schema import DATABASE_NAME, open_store
from codexlb_store.sums_schema import SUMMED
from codexlb_store.verify import verify
from tests.codexlb_store.million import fill
from tests.codexlb_store.rows import CLOSING, OPENING, UNKNOWN, add_exchange

UTC = datetime.UTC
HOUR, DAY = 3600, 86_400
NOW = 1_000 * DAY + 6 * HOUR
"""Six in the morning."""


def add(db: Database, name: str, age: float, **changes: Any) -> None:
    """An exchange that opened so many seconds ago."""
    opening = {field: changes.pop(field) for field in ("session", "project", "model") if field in changes}
    row = replace(OPENING, id=name, opened_at=NOW - age, **opening)
    add_exchange(db, row, replace(CLOSING, **changes))


def prune_all(db: Database, keep_days: int, now: float = NOW, **more: Any) -> list[int]:
    """What each step did, until nothing is left."""
    done = []
    while step := prune(db, now, keep_days, **{"zone": UTC, **more}):
        done.append(step)
    return done


def ids(db: Database, table: str = "exchanges", column: str = "id") -> list[str]:
    return sorted(row[column] for row in db[table].rows)


def totals(db: Database) -> dict[str, Any]:
    """Every figure of every day, in UTC."""
    figures = ", ".join(f"total({name})" for name in SUMMED)
    return {row[0]: row[1:] for row in db.execute(f"SELECT quarter / 86400, {figures} FROM sums GROUP BY 1")}


def test_whole_days_go_and_no_row_that_is_younger(db: Database) -> None:
    for name, age in (("today", 0), ("kept", DAY), ("kept too", 30 * HOUR - 1), ("gone", 30 * HOUR + 1), ("old", 9e6)):
        add(db, name, age)

    prune_all(db, keep_days=1)

    assert ids(db) == ids(db, "attempts", "exchange_id") == ["kept", "kept too", "today"]
    assert rows_since(db) == 999 * DAY


def test_a_day_stays_until_its_last_moment_is_old_enough(db: Database) -> None:
    add(db, "x1", 2 * DAY)
    end_of_day = 999 * DAY

    assert prune_all(db, 3, now=end_of_day + 3 * DAY - 1) == []
    assert prune_all(db, 3, now=end_of_day + 3 * DAY)[:2] == [1, 1]
    assert ids(db) == []


@pytest.mark.parametrize("keep_days", [0, 400], ids=["for ever", "longer than there is anything"])
def test_what_is_kept_stays(keep_days: int, db: Database) -> None:
    add(db, "x1", 100 * DAY)

    assert prune_all(db, keep_days) == []
    assert ids(db) == ["x1"]
    assert rows_since(db) == 0


def test_an_empty_ledger_has_nothing_to_let_go(db: Database) -> None:
    assert prune(db, NOW, keep_days=1) == 0


def test_a_folded_day_has_no_sessions_and_projects_and_every_total(db: Database) -> None:
    for number in range(8):
        changes: dict[str, Any] = {
            "session": f"s{number}",
            "project": f"p{number % 3}",
            "model": f"m{number % 2}",
            "tokens": UNKNOWN if number < 2 else CLOSING.tokens,
            "cost_usd": None if number < 2 else 0.25,
        }
        add(db, f"x{number}", 5 * DAY + number * HOUR / 2, **changes)
    add(db, "late", 4 * DAY, session="s9")
    before = totals(db)

    prune_all(db, keep_days=4)

    assert totals(db) == before
    folded = [row for row in db["sums"].rows if row["quarter"] < rows_since(db)]
    assert [(row["model"], row["session"], row["project"], row["requests"]) for row in folded] == [
        ("m0", "", "", 4),
        ("m1", "", "", 4),
    ]
    assert {row["quarter"] for row in folded} == {995 * DAY + 12 * HOUR}
    assert ids(db) == ["late"]


def test_what_is_unknown_of_a_whole_day_stays_unknown(db: Database) -> None:
    for number in range(3):
        add(db, f"x{number}", 5 * DAY, session=f"s{number}", tokens=UNKNOWN, cost_usd=None)

    prune_all(db, keep_days=1)

    [row] = db["sums"].rows
    assert (row["requests"], row["input_tokens"], row["cost_usd"]) == (3, None, None)


def test_days_are_those_of_a_time_zone(db: Database) -> None:
    """25 October 2026 has 25 hours in Berlin, and noon is at the same time by the clock as on other days."""
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime.datetime(2026, 10, 25, tzinfo=berlin).timestamp()
    for name, at in (("first", midnight), ("last", midnight + 25 * HOUR - 1), ("next day", midnight + 25 * HOUR)):
        add(db, name, NOW - at)

    prune_all(db, 1, now=midnight + 25 * HOUR + DAY, zone=berlin)

    assert ids(db) == ["next day"]
    assert rows_since(db) == midnight + 25 * HOUR
    noon = datetime.datetime.fromtimestamp(min(row["quarter"] for row in db["sums"].rows), berlin)
    assert (noon.day, noon.hour) == (25, 11)


def test_who_moves_to_another_time_zone_folds_no_day_twice(db: Database) -> None:
    for number in range(8):
        add(db, f"x{number}", 5 * DAY + number * 6 * HOUR)
    before = db.execute("SELECT sum(requests), sum(input_tokens) FROM sums").fetchone()

    prune_all(db, 4)
    prune_all(db, 3, zone=ZoneInfo("America/Los_Angeles"))
    prune_all(db, 2, zone=ZoneInfo("Asia/Tokyo"))

    assert ids(db) == []
    assert db.execute("SELECT sum(requests), sum(input_tokens) FROM sums").fetchone() == before


def test_what_still_runs_stays_until_it_has_ended(db: Database) -> None:
    add_exchange(db, replace(OPENING, id="open", opened_at=NOW - 5 * DAY), None)
    add(db, "x1", 5 * DAY)
    prune_all(db, keep_days=1)
    assert ids(db) == ["open"]

    close_exchange(db, replace(CLOSING, id="open", outcome=Outcome.FAILED))
    prune_all(db, keep_days=1)

    assert ids(db) == ids(db, "attempts", "exchange_id") == []
    assert sum(row["requests"] for row in db["sums"].rows) == 2


def test_what_ends_after_its_day_was_folded_leaves_no_session_and_no_project(db: Database) -> None:
    for number in range(4):
        row = replace(OPENING, opened_at=NOW - 5 * DAY, session=f"s{number}", project="p1", model=f"m{number % 2}")
        add_exchange(db, replace(row, id=f"open{number}"), None)
    add(db, "x1", 5 * DAY)
    prune_all(db, keep_days=1)
    for number in range(4):
        close_exchange(db, replace(CLOSING, id=f"open{number}", model=None))
    before = totals(db)

    prune_all(db, keep_days=1)

    assert totals(db) == before
    assert {(row["session"], row["project"]) for row in db["sums"].rows} == {("", "")}
    assert sum(row["requests"] for row in db["sums"].rows) == 5


def test_a_step_deletes_no_more_than_it_may(db: Database) -> None:
    two = (CLOSING.attempts[0], AttemptRow(2, "a1", None, 200, None, 1.0, 1.0))
    for number in range(7):
        add(db, f"x{number}", 5 * DAY, attempts=two)

    assert prune(db, NOW, 1, zone=UTC) == 1  # the day's sums
    assert prune(db, NOW, 1, most_rows=3, zone=UTC) == 3
    assert (len(ids(db)), len(ids(db, "attempts", "exchange_id"))) == (4, 8)
    assert prune_all(db, 1, most_rows=3)[:2] == [3, 1]


def test_choices_go_before_their_rows(db: Database) -> None:
    for name, age in (("young", 29 * DAY), ("old", 31 * DAY)):
        add(db, name, age)
        save_choice(db, ChoiceRow(name, 1, NOW - age, "a1", "weighted", ()))

    assert prune_all(db, 0, most_rows=1)[:1] == [1]

    assert ids(db, "choices", "exchange_id") == ["young"]
    assert ids(db) == ["old", "young"]


def test_choices_go_with_their_rows_at_the_latest(db: Database) -> None:
    add(db, "x1", 9 * DAY)
    save_choice(db, ChoiceRow("x1", 1, NOW - 9 * DAY, "a1", "weighted", ()))
    assert prune_all(db, 0, explain_days=0) == []

    prune_all(db, 2, explain_days=0)

    assert load_choices(db, "x1") == []


def test_the_file_shrinks_with_the_ledger(home: Path) -> None:
    with closing(open_store(home)) as db:
        fill(db, 20_000, NOW, days=40)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        size, before = (home / DATABASE_NAME).stat().st_size, totals(db)

        steps = prune_all(db, keep_days=4)

        assert db.execute("PRAGMA freelist_count").fetchone() == (0,)
        assert max(steps) <= 500
        assert verify(db, (), UTC).holds
        assert {day: pytest.approx(figures) for day, figures in before.items()} == totals(db)
    assert (home / DATABASE_NAME).stat().st_size < size / 4


def test_a_step_counts_wholly_or_not_at_all(db: Database) -> None:
    """The writer puts many operations into one transaction."""
    add(db, "x1", 5 * DAY)
    before = totals(db)

    with pytest.raises(ZeroDivisionError), db.atomic():
        prune_all(db, 1)
        raise ZeroDivisionError

    assert (totals(db), ids(db), rows_since(db)) == (before, ["x1"], 0)
