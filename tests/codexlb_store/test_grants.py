from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.batches import Operation, write_batch
from codexlb_store.grants import (
    WINDOWS_LAST_SECONDS,
    Grant,
    Move,
    Need,
    TopUp,
    asked,
    drop_dead,
    give_back,
    settle,
    share,
    top_up,
)
from codexlb_store.key_changes import set_limits
from codexlb_store.limit_texts import parse_limit
from codexlb_store.limits import Limit
from codexlb_store.schema import DATABASE_NAME, open_store
from tests.codexlb_store.key_rows import make_key

NOW = 5000.0
DAY_ENDS = 86_400.0


@pytest.fixture
def limit(db: Database) -> Limit:
    """100 tokens a day."""
    return make_key(db, "100-tokens/day").limits[0]


def need(limit: Limit, wanted: int, least: int = 1) -> Need:
    return Need(limit.id, wanted, least, 0.0, DAY_ENDS, is_rolling=False)


def hand(
    db: Database, limit: Limit, process: str, wanted: int, *others: str, now: float = NOW, least: int = 1
) -> Grant:
    """Top a process up while these others live."""
    (grant,) = top_up(db, process, [need(limit, wanted, least)], now, lambda: {process, *others})
    return grant


def used(db: Database) -> list[tuple[int, float, float | None, int]]:
    return [tuple(row) for row in db.execute("SELECT limit_id, starts_at, ends_at, used FROM budgets ORDER BY 2")]


def outstanding(db: Database) -> dict[str, int]:
    return dict(db.execute("SELECT process, outstanding FROM grants"))


@pytest.mark.parametrize(
    ("left", "wanted", "processes", "handed"),
    [
        pytest.param(100, 7, 1, 100, id="alone it gets all"),
        pytest.param(100, 7, 2, 25, id="of two a quarter"),
        pytest.param(100, 7, 5, 10, id="of five a tenth"),
        pytest.param(100, 40, 2, 40, id="but what it needs"),
        pytest.param(30, 40, 2, 30, id="as far as there is any"),
        pytest.param(3, 1, 2, 1, id="of little not less than it needs"),
        pytest.param(0, 7, 1, 0, id="of nothing nothing"),
        pytest.param(-5, 7, 1, 0, id="nor of less"),
        pytest.param(100, -7, 2, 25, id="who needs nothing gets its part"),
    ],
)
def test_how_much_is_handed_out(left: int, wanted: int, processes: int, handed: int) -> None:
    assert share(left, wanted, processes) == handed


def test_the_first_to_ask_begins_the_window(db: Database, limit: Limit) -> None:
    assert hand(db, limit, "a", 7) == Grant(limit.id, 0.0, DAY_ENDS, amount=100, left=0, elsewhere=0)
    assert used(db) == [(limit.id, 0.0, DAY_ENDS, 0)]
    assert outstanding(db) == {"a": 100}


def test_what_one_holds_another_does_not_get(db: Database, limit: Limit) -> None:
    first = hand(db, limit, "a", 60, "b")
    second = hand(db, limit, "b", 60, "a")
    third = hand(db, limit, "a", 60, "b")

    assert [first.amount, second.amount, third.amount] == [60, 40, 0]
    assert [first.left, second.left, third.left] == [40, 0, 0]
    assert [first.elsewhere, second.elsewhere, third.elsewhere] == [0, 60, 40]


def test_what_is_used_is_gone_for_everybody(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 60, "b")
    settle(db, "a", [Move(limit.id, 0.0, 55)])

    assert used(db) == [(limit.id, 0.0, DAY_ENDS, 55)]
    assert outstanding(db) == {"a": 5}
    assert hand(db, limit, "b", 60, "a").amount == 40


def test_what_is_given_back_is_there_for_others(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 100, "b")
    give_back(db, "a", [Move(limit.id, 0.0, 70)])

    assert used(db) == [(limit.id, 0.0, DAY_ENDS, 0)]
    assert hand(db, limit, "b", 100, "a").amount == 70


def test_what_the_dead_held_is_there_for_others(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 100, "b")
    settle(db, "a", [Move(limit.id, 0.0, 30)])

    grant = hand(db, limit, "b", 10, "c")

    assert (grant.amount, grant.left, grant.elsewhere) == (17, 53, 0)


def test_more_than_was_held_is_counted_in_full_and_owed_no_longer_than_till_the_next_grant(
    db: Database, limit: Limit
) -> None:
    hand(db, limit, "a", 10, "b", "c", "d", "e")  # a tenth of 100
    settle(db, "a", [Move(limit.id, 0.0, 60)])
    assert used(db) == [(limit.id, 0.0, DAY_ENDS, 60)]
    assert outstanding(db) == {"a": -50}

    theirs = hand(db, limit, "b", 15, "a")
    ours = hand(db, limit, "a", 50 + 12, "b", least=51)
    assert (theirs.amount, theirs.left, theirs.elsewhere) == (15, 25, 0)
    assert (ours.amount, ours.left, ours.elsewhere) == (50 + 12, 13, 15)
    assert outstanding(db) == {"a": 12, "b": 15}


def test_use_past_the_amount_is_never_forgotten(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 10)
    settle(db, "a", [Move(limit.id, 0.0, 250)])

    grant = hand(db, limit, "a", 150 + 5, least=151)

    assert used(db) == [(limit.id, 0.0, DAY_ENDS, 250)]
    assert (grant.amount, grant.left) == (150, 0)


def test_a_changed_amount_counts_from_the_next_grant_on(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 60, "b")
    (key_id,) = db.execute("SELECT key_id FROM limits").fetchone()

    set_limits(db, key_id, [parse_limit("50-tokens/day")], NOW)
    assert hand(db, limit, "b", 60, "a").amount == 0

    set_limits(db, key_id, [parse_limit("200-tokens/day")], NOW)
    assert hand(db, limit, "b", 60, "a").amount == 60


def test_nothing_is_handed_out_of_a_limit_that_is_gone(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 60, "b")
    (key_id,) = db.execute("SELECT key_id FROM limits").fetchone()
    set_limits(db, key_id, [], NOW)

    settle(db, "a", [Move(limit.id, 0.0, 10)])
    give_back(db, "a", [Move(limit.id, 0.0, 10)])

    assert top_up(db, "a", [need(limit, 60)], NOW, set) == ()
    assert (used(db), outstanding(db)) == ([], {})


def test_several_needs_are_met_at_once(db: Database) -> None:
    day, minute = make_key(db, "100-tokens/day", "10req/min").limits

    needs = [need(day, 5), Need(minute.id, 1, 1, NOW, NOW + 60, is_rolling=True)]
    grants = top_up(db, "a", needs, NOW, lambda: {"a"})

    assert grants == (
        Grant(day.id, 0.0, DAY_ENDS, 100, 0, 0),
        Grant(minute.id, NOW, NOW + 60, 10, 0, 0),
    )


# ---- windows


def rolling(limit: Limit, now: float) -> Need:
    return Need(limit.id, 1, 1, now, now + 60, is_rolling=True)


def test_a_rolling_window_begins_with_the_first_use_after_the_last_one_ended(db: Database) -> None:
    (limit,) = make_key(db, "10req/min").limits

    def begins(now: float) -> float:
        (grant,) = top_up(db, "a", [rolling(limit, now)], now, lambda: {"a", "b"})
        assert grant.ends_at == grant.starts_at + 60
        return grant.starts_at

    assert [begins(now) for now in (100.0, 130.0, 159.9, 160.0, 161.0, 500.0)] == [100, 100, 100, 160, 160, 500]
    assert begins(90.0) == 500, "a clock that is a little behind joins the window that runs"


def test_what_is_settled_late_counts_where_it_began(db: Database) -> None:
    (limit,) = make_key(db, "10req/min").limits
    for now in (100.0, 200.0):
        top_up(db, "a", [rolling(limit, now)], now, lambda: {"a"})

    settle(db, "a", [Move(limit.id, 100.0, 1)])

    assert used(db) == [(limit.id, 100.0, 160.0, 1), (limit.id, 200.0, 260.0, 0)]


def test_windows_are_kept_as_long_as_requests_may_run_in_them(db: Database) -> None:
    (limit, concurrent) = make_key(db, "10req/min", "4 concurrent").limits
    always = Need(concurrent.id, 1, 1, 0.0, None, is_rolling=False)
    for now in (100.0, 200.0):
        top_up(db, "a", [rolling(limit, now), always], now, lambda: {"a"})

    drop_at = 160.5 + WINDOWS_LAST_SECONDS
    top_up(db, "a", [rolling(limit, drop_at)], drop_at, lambda: {"a"})

    assert sorted(row[:2] for row in used(db)) == [(limit.id, 200.0), (limit.id, drop_at), (concurrent.id, 0.0)]
    kept = db.execute("SELECT limit_id, starts_at FROM grants").fetchall()
    assert sorted(kept) == sorted(row[:2] for row in used(db))


# ---- processes


def test_who_got_nothing_is_heard_by_the_others_for_a_while(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 100, "b")
    assert asked(db, "a", NOW) == set()

    hand(db, limit, "b", 10, "a")
    assert asked(db, "a", NOW + 1.9) == {(limit.id, 0.0)}
    assert asked(db, "b", NOW + 1.9) == set()
    assert asked(db, "a", NOW + 2) == set()


def test_who_got_something_asks_no_longer(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 100, "b")
    hand(db, limit, "b", 10, "a")
    give_back(db, "a", [Move(limit.id, 0.0, 5)])

    hand(db, limit, "b", 10, "a")

    assert asked(db, "a", NOW) == set()


def test_who_can_go_on_with_what_it_has_does_not_ask(db: Database, limit: Limit) -> None:
    hand(db, limit, "a", 90, "b")
    hand(db, limit, "b", 10, "a")
    hand(db, limit, "b", 10, "a", least=-3)

    assert asked(db, "a", NOW) == set()


def test_what_dead_processes_held_is_dropped_at_a_start(db: Database, limit: Limit) -> None:
    for process in ("a", "b", "c"):
        hand(db, limit, process, 10, "a", "b", "c")

    assert drop_dead(db, lambda: ["b"]) == 2
    assert list(outstanding(db)) == ["b"]


def test_who_lives_is_asked_under_the_write_lock(home: Path, db: Database, limit: Limit) -> None:
    """Else a process could start and be handed something meanwhile, and be taken for dead."""

    def living() -> set[str]:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        return {"a"}

    with closing(sqlite3.connect(home / DATABASE_NAME, timeout=0)) as other:
        top_up(db, "a", [need(limit, 10)], NOW, living)
        other.execute("BEGIN IMMEDIATE")


# ---- batches


def break_down(_: Database) -> None:
    raise ValueError("broken")


def test_a_batch_that_runs_twice_hands_out_once(db: Database, limit: Limit) -> None:
    settled: Operation = partial(settle, process="a", moves=[Move(limit.id, 0.0, 30)])
    operation = TopUp("a", (need(limit, 10),), NOW, lambda: {"a", "b"})

    broken = write_batch(db, [operation, settled, break_down])

    assert [failed for failed, _ in broken] == [break_down]
    assert operation.grants == (Grant(limit.id, 0.0, DAY_ENDS, 25, 75, 0),)
    assert used(db) == [(limit.id, 0.0, DAY_ENDS, 30)]
    assert outstanding(db) == {"a": -5}


def test_of_two_runs_the_grants_of_the_last_one_are_told(home: Path, db: Database, limit: Limit) -> None:
    """Between a batch that is rolled back and its second run another process may come first."""
    operation = TopUp("a", (need(limit, 10),), NOW, lambda: {"a", "b"})
    db.execute("BEGIN IMMEDIATE")
    operation(db)
    assert operation.grants[0].amount == 25
    db.execute("ROLLBACK")
    with closing(open_store(home)) as other:
        hand(other, limit, "b", 95, "a")

    write_batch(db, [operation])

    assert operation.grants[0].amount == 5
    assert outstanding(db) == {"a": 5, "b": 95}


def test_a_run_that_breaks_hands_out_nothing(db: Database, limit: Limit) -> None:
    runs: list[int] = []

    def living() -> set[str]:
        runs.append(1)
        if len(runs) > 1:
            raise OSError("the marks cannot be read")
        return {"a"}

    operation = TopUp("a", (need(limit, 10),), NOW, living)
    broken = write_batch(db, [operation, break_down])

    assert [failed for failed, _ in broken] == [operation, break_down]
    assert operation.grants == ()
    assert outstanding(db) == {}
