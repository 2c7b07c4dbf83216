"""What an operation returns or raises in the writer's thread reaches whoever waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from addons.upkeep.round_trip import StoreUnavailableError, hand_over, round_trip
from codexlb_store.schema import DATABASE_NAME, open_store
from codexlb_store.writer import Writer
from tests.scripts.simulator.caller import until


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    writer = Writer(tmp_path)
    writer.start()
    yield writer
    writer.close()


def keep(db: Database) -> str:
    db.execute("INSERT INTO homes VALUES ('s', 'a', 1)")
    return "kept"


def kept(home: Path) -> int:
    with closing(sqlite3.connect(home / DATABASE_NAME)) as reader:
        return int(reader.execute("SELECT count(*) FROM homes").fetchone()[0])


async def test_the_result_comes_back(writer: Writer) -> None:
    assert await round_trip(writer, keep, 10) == "kept"


async def test_what_one_trip_wrote_is_committed_before_the_next(tmp_path: Path, writer: Writer) -> None:
    await round_trip(writer, keep, 10)

    assert await round_trip(writer, lambda _: kept(tmp_path), 10) == 1


def look_for_it(db: Database) -> None:
    db.execute("SELECT * FROM not_there")


async def test_that_it_failed_comes_back_and_not_what_with(writer: Writer) -> None:
    """The error's words may hold what was to be written."""
    with pytest.raises(StoreUnavailableError, match=r"^OperationalError in look_for_it\.$"):
        await round_trip(writer, look_for_it, 10)
    with pytest.raises(StoreUnavailableError, match="ZeroDivisionError"):
        await round_trip(writer, lambda _: 1 / 0, 10)


async def test_a_result_is_told_once_when_a_broken_neighbour_makes_the_batch_run_twice(
    tmp_path: Path, writer: Writer
) -> None:
    def break_down(db: Database) -> None:
        raise ValueError("broken")

    with closing(open_store(tmp_path)) as db:
        db.execute("BEGIN IMMEDIATE")
        writer.put(break_down)
        await until(lambda: not writer.healthy)
        db.execute("ROLLBACK")
    writer.put(break_down)

    assert await round_trip(writer, keep, 10) == "kept"
    writer.close()
    assert kept(tmp_path) == 1


async def test_trouble_that_may_pass_is_waited_for(tmp_path: Path, writer: Writer) -> None:
    """The writer tries again, and the result of that comes back."""
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def keep_if_the_other_can(db: Database) -> str:
            with closing(sqlite3.connect(tmp_path / "other.db", timeout=0)) as connection:
                connection.execute("BEGIN IMMEDIATE")
            return keep(db)

        waiting = asyncio.create_task(round_trip(writer, keep_if_the_other_can, 10))
        await until(lambda: not writer.healthy)
        other.execute("ROLLBACK")

        assert await waiting == "kept"


async def test_who_waits_too_long_is_told_but_the_writing_counts(tmp_path: Path, writer: Writer) -> None:
    with closing(open_store(tmp_path)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match=r"keep took more than 0\.1 s"):
            await round_trip(writer, keep, 0.1)
        db.execute("ROLLBACK")
    writer.close()

    assert kept(tmp_path) == 1


async def test_a_broken_operation_is_taken_back_although_nobody_waits_any_more(tmp_path: Path, writer: Writer) -> None:
    def keep_and_break(db: Database) -> None:
        keep(db)
        raise ValueError("broken")

    with closing(open_store(tmp_path)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError):
            await round_trip(writer, keep_and_break, 0.1)
        db.execute("ROLLBACK")
    writer.close()

    assert (kept(tmp_path), writer.failures) == (0, 1)


async def test_a_full_queue_and_a_closed_writer_are_told_at_once(tmp_path: Path, writer: Writer) -> None:
    writer.close()
    for closed_or_full in (writer, Writer(tmp_path, capacity=0)):
        assert hand_over(closed_or_full, keep) is False
        with pytest.raises(StoreUnavailableError):
            await round_trip(closed_or_full, keep, 10)


async def test_what_is_handed_over_is_written_some_time(tmp_path: Path, writer: Writer) -> None:
    assert hand_over(writer, keep) is True
    writer.close()

    assert kept(tmp_path) == 1
