"""What an operation returns or raises in the writer's thread reaches whoever waits for it."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from addons.upkeep.round_trip import round_trip
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


async def test_an_error_of_the_operation_comes_back(writer: Writer) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await round_trip(writer, lambda db: db.execute("SELECT * FROM not_there"), 10)


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


async def test_who_waits_too_long_is_told_but_the_writing_counts(tmp_path: Path, writer: Writer) -> None:
    with closing(open_store(tmp_path)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(TimeoutError):
            await round_trip(writer, keep, 0.1)
        db.execute("ROLLBACK")
    writer.close()

    assert kept(tmp_path) == 1


async def test_a_full_queue_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(queue.Full):
        await round_trip(Writer(tmp_path, capacity=0), keep, 10)
