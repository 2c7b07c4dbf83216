from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.batches import Operation, is_passing, name_of, write_batch
from codexlb_store.schema import open_store


def keep(db: Database, word: str) -> None:
    db.execute("INSERT INTO homes VALUES (?, 'a', 1)", (word,))


def break_down(db: Database) -> None:
    keep(db, "half done")
    raise ValueError("broken")


def end_the_transaction(db: Database) -> None:
    keep(db, "kept at once")
    db.conn.commit()


def words(db: Database) -> list[str]:
    return [row["session"] for row in db["homes"].rows]


def test_a_batch_goes_in_together(db: Database) -> None:
    assert write_batch(db, [partial(keep, word="one"), partial(keep, word="two")]) == []
    assert words(db) == ["one", "two"]


def test_a_broken_operation_spoils_no_other(db: Database) -> None:
    again = partial(keep, word="one")
    batch: list[Operation] = [partial(keep, word="one"), break_down, again, partial(keep, word="two")]

    broken = write_batch(db, batch)

    assert words(db) == ["one", "two"]
    assert [(operation, type(error)) for operation, error in broken] == [
        (break_down, ValueError),
        (again, sqlite3.IntegrityError),
    ]
    assert not db.conn.in_transaction


def test_an_operation_may_end_the_transaction(db: Database) -> None:
    assert write_batch(db, [end_the_transaction, partial(keep, word="after")]) == []
    assert set(words(db)) == {"kept at once", "after"}
    assert not db.conn.in_transaction


@pytest.mark.parametrize("before", [[], [break_down]], ids=["at the start", "after a broken one"])
def test_of_a_batch_that_must_wait_nothing_is_written(before: list[Operation], home: Path, db: Database) -> None:
    def find_it_locked(db: Database) -> None:
        with closing(sqlite3.connect(home / "codexlb.db", timeout=0)) as second:
            second.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_batch(db, [partial(keep, word="one"), *before, find_it_locked])
    assert words(db) == []
    assert not db.conn.in_transaction


def test_only_trouble_from_outside_passes(home: Path, db: Database, tmp_path: Path) -> None:
    errors = {}
    with closing(open_store(home)) as second:
        second.execute("PRAGMA busy_timeout = 0")
        db.execute("BEGIN IMMEDIATE")
        for name, sql in {"locked": "DELETE FROM homes", "wrong": "DELETE FROM nowhere"}.items():
            with pytest.raises(sqlite3.OperationalError) as caught:
                second.execute(sql)
            errors[name] = caught.value
        db.execute("ROLLBACK")

    assert is_passing(errors["locked"])
    assert not is_passing(errors["wrong"])
    assert not is_passing(ValueError("ours"))


def test_an_operation_is_called_by_its_name() -> None:
    class Callable:
        def __call__(self, db: Database) -> None: ...

    assert name_of(break_down) == "break_down"
    assert name_of(partial(keep, word="one")) == "keep"
    assert name_of(Callable()).endswith("Callable")
