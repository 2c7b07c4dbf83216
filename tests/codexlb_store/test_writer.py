from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.schema import DATABASE_NAME, StoreError
from codexlb_store.writer import Writer
from tests.codexlb_store.rows import wait_until

MANY = 1000


def keep(db: Database, word: str) -> None:
    db.execute("INSERT INTO homes VALUES (?, 'a', 1)", (word,))


def break_down(db: Database) -> None:
    raise ValueError("broken")


def words(db: Database) -> list[str]:
    return [row["session"] for row in db["homes"].rows]


@pytest.fixture
def writer(home: Path, db: Database) -> Iterator[Writer]:
    writer = Writer(home)
    writer.start()
    yield writer
    writer.close(timeout_seconds=0)


def test_closing_writes_all_that_was_put_before(db: Database, writer: Writer) -> None:
    for number in range(MANY):
        writer.put(partial(keep, word=f"{number:04}"))
    writer.close()

    assert words(db) == [f"{number:04}" for number in range(MANY)]
    assert writer.backlog == 0
    assert not writer.healthy


def test_what_is_put_before_the_start_is_written_first(home: Path, db: Database) -> None:
    order: list[str] = []
    writer = Writer(home)
    writer.put(lambda db: order.append("before"))
    assert (writer.backlog, writer.healthy) == (1, False)

    writer.start()
    writer.put(lambda db: order.append("after"))
    writer.close()

    assert order == ["before", "after"]


def test_what_is_put_is_written_soon(db: Database, writer: Writer) -> None:
    writer.put(partial(keep, word="one"))

    wait_until(lambda: words(db) == ["one"], "the row is written")
    assert writer.healthy


def test_who_wants_to_know_hears_once_what_became_of_an_operation(home: Path, writer: Writer) -> None:
    """What was kept is committed by then; a broken neighbour makes the batch run twice, and nobody hears of that."""
    told: list[tuple[str, type[Exception] | None, int]] = []

    def after(name: str, error: Exception | None) -> None:
        with closing(sqlite3.connect(home / DATABASE_NAME)) as reader:
            (kept,) = reader.execute("SELECT count(*) FROM homes").fetchone()
        told.append((name, type(error) if error else None, kept))

    writer.put(partial(keep, word="one"), partial(after, "one"))
    writer.put(break_down, partial(after, "broken"))
    writer.put(partial(keep, word="two"), partial(after, "two"))
    wait_until(lambda: len(told) >= 3, "all is told")
    writer.close()

    assert [(name, error) for name, error, _ in told] == [("one", None), ("broken", ValueError), ("two", None)]
    assert told[0][2] >= 1
    assert told[2][2] == 2


def test_what_a_writer_never_wrote_is_not_told(home: Path, db: Database) -> None:
    told: list[Exception | None] = []
    writer = Writer(home)
    writer.put(partial(keep, word="one"), told.append)
    writer.close(timeout_seconds=0)

    assert (told, words(db)) == ([], [])


def test_many_threads_may_put(db: Database, writer: Writer) -> None:
    def put_some(first: int) -> None:
        for number in range(first, first + 100):
            writer.put(partial(keep, word=f"{number:04}"))

    threads = [threading.Thread(target=put_some, args=(first,)) for first in range(0, 400, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()

    assert words(db) == [f"{number:04}" for number in range(400)]


def test_a_broken_operation_is_named_and_left_out(
    db: Database, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    for operation in (partial(keep, word="one"), break_down, partial(keep, word="two")):
        writer.put(operation)
    writer.close()

    assert words(db) == ["one", "two"]
    assert writer.failures == 1
    assert "break_down was left out of the database: broken" in caplog.messages


def test_a_full_queue_refuses_at_once(home: Path) -> None:
    writer = Writer(home, capacity=2)
    writer.put(break_down)
    writer.put(break_down)

    with pytest.raises(queue.Full):
        writer.put(break_down)
    assert writer.backlog == 2


def test_a_closed_writer_refuses(writer: Writer) -> None:
    writer.close()
    writer.close()

    with pytest.raises(RuntimeError, match="closed: break_down came too late"):
        writer.put(break_down)


def test_a_store_that_cannot_be_opened_stops_the_start(home: Path) -> None:
    home.write_text("")

    with pytest.raises(StoreError):
        Writer(home).start()


def test_a_lock_is_waited_out_and_nothing_is_lost(
    home: Path, db: Database, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    db.execute("BEGIN IMMEDIATE")
    for number in range(MANY):
        writer.put(partial(keep, word=f"{number:04}"))
    wait_until(lambda: not writer.healthy, "the writer is told of the lock")
    assert writer.backlog == MANY

    db.execute("ROLLBACK")
    wait_until(lambda: writer.healthy, "the writer is well again")
    writer.close()

    assert words(db) == [f"{number:04}" for number in range(MANY)]
    assert writer.failures == 0
    assert caplog.messages == [
        "The database cannot be written now (database is locked): rows wait in memory.",
        "The database can be written again.",
    ]


def test_a_full_disk_is_waited_out_and_nothing_is_lost(db: Database, writer: Writer) -> None:
    db.execute("INSERT INTO tokens VALUES ('big', zeroblob(1000000), '', '', NULL, NULL, 1)")

    def fill_the_disk(db: Database) -> None:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")

    writer.put(fill_the_disk)
    for number in range(MANY):
        writer.put(partial(keep, word=f"{number:0100}"))
    wait_until(lambda: not writer.healthy, "the disk is full")

    db.execute("DELETE FROM tokens")
    writer.close()

    assert len(words(db)) == MANY
    assert writer.failures == 0


@pytest.mark.parametrize("replaced", [False, True], ids=["moved away", "replaced by another"])
def test_nothing_is_written_into_a_file_that_nobody_finds(
    home: Path, db: Database, writer: Writer, caplog: pytest.LogCaptureFixture, replaced: bool
) -> None:
    """SQLite would go on without a word, and the rows would be gone with the file."""
    place, elsewhere = home / DATABASE_NAME, home / "elsewhere.db"
    place.rename(elsewhere)
    if replaced:
        place.touch()
    wait_until(lambda: not writer.healthy, "the loss is noticed")
    writer.put(partial(keep, word="kept"))
    wait_until(lambda: "rows wait in memory" in caplog.text, "the row waits")
    assert words(db) == []

    elsewhere.rename(place)

    wait_until(lambda: writer.healthy and words(db) == ["kept"], "the row is written")
    assert "moved or deleted: put it back, or end the proxy" in caplog.text


def test_closing_in_vain_ends_and_counts_what_is_lost(
    home: Path, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(home)
    writer.start()
    db.execute("BEGIN IMMEDIATE")
    for number in range(150):
        writer.put(partial(keep, word=str(number)))
    wait_until(lambda: not writer.healthy, "the writer is told of the lock")

    writer.close(timeout_seconds=0)

    db.execute("ROLLBACK")
    assert words(db) == []
    assert "The writer stopped with 150 operations not written." in caplog.messages


def test_a_defect_makes_it_unwell_but_does_not_end_it(writer: Writer, caplog: pytest.LogCaptureFixture) -> None:
    writer.put(Database.close)
    wait_until(lambda: writer.failures > 0, "the batch is given up")
    assert not writer.healthy

    failures = writer.failures
    writer.put(partial(keep, word="after"))
    wait_until(lambda: writer.failures > failures, "the thread went on")
    assert "The writer left out a batch of 1 operations." in caplog.messages


def test_others_never_see_half_an_operation(home: Path, writer: Writer) -> None:
    def two_rows(db: Database, number: int) -> None:
        keep(db, f"{number} a")
        keep(db, f"{number} b")

    for number in range(MANY):
        writer.put(partial(two_rows, number=number))
    with closing(Database(home / DATABASE_NAME)) as reader:
        while writer.backlog:
            assert len(words(reader)) % 2 == 0
