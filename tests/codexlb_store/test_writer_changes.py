from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.schema import open_store
from codexlb_store.writer import Writer
from tests.codexlb_store.rows import wait_until


def keep(db: Database, word: str) -> None:
    db.execute("INSERT INTO homes VALUES (?, 'a', 1)", (word,))


def words(db: Database) -> list[str]:
    return [row["session"] for row in db["homes"].rows]


class Changes:
    """Counts what it is told, and keeps what it then read."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.errors: list[Exception] = []

    def __call__(self, db: Database) -> None:
        self.seen.append(words(db))
        if self.errors:
            raise self.errors.pop()


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def watcher(home: Path, db: Database, changes: Changes) -> Iterator[Writer]:
    watcher = Writer(home, on_change=changes)
    watcher.start()
    yield watcher
    watcher.close()


def test_what_others_write_is_noticed(db: Database, watcher: Writer, changes: Changes) -> None:
    keep(db, "one")
    wait_until(lambda: changes.seen == [["one"]], "the first change is seen")
    keep(db, "two")
    wait_until(lambda: changes.seen == [["one"], ["one", "two"]], "the second change is seen")


def test_what_it_wrote_itself_is_no_news(db: Database, watcher: Writer, changes: Changes) -> None:
    watcher.put(partial(keep, word="mine"))
    wait_until(lambda: words(db) == ["mine"], "it is written")
    keep(db, "theirs")
    wait_until(lambda: bool(changes.seen), "the other's change is seen")

    assert changes.seen == [["mine", "theirs"]]


def test_changes_are_noticed_while_it_writes(db: Database, watcher: Writer, changes: Changes) -> None:
    done = threading.Event()

    def go_on_writing(_: Database) -> None:
        if not done.is_set():
            watcher.put(go_on_writing)

    watcher.put(go_on_writing)
    keep(db, "theirs")
    wait_until(lambda: changes.seen == [["theirs"]], "the change is seen")
    done.set()


def test_a_reader_that_breaks_is_logged_and_called_again_for_the_next_change(
    db: Database, watcher: Writer, changes: Changes, caplog: pytest.LogCaptureFixture
) -> None:
    changes.errors = [ValueError("broken")]
    keep(db, "one")
    wait_until(lambda: len(changes.seen) == 1, "the first change is seen")
    keep(db, "two")
    wait_until(lambda: len(changes.seen) == 2, "the second change is seen")

    assert watcher.healthy
    assert caplog.messages == ["What another process changed could not be read."]


def test_a_reader_that_met_a_lock_is_called_again(home: Path, db: Database, watcher: Writer, changes: Changes) -> None:
    with closing(open_store(home)) as second, pytest.raises(sqlite3.OperationalError) as caught:
        second.execute("PRAGMA busy_timeout = 0")
        db.execute("BEGIN IMMEDIATE")
        second.execute("DELETE FROM homes")
    db.execute("ROLLBACK")
    changes.errors = [caught.value]

    keep(db, "one")

    wait_until(lambda: changes.seen == [["one"], ["one"]], "the change is read a second time")
