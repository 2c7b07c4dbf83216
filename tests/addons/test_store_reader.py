"""Queries of pages run beside the event loop, one at a time for each page, and never pile up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from addons.store_reader import MOST_PAGES, MOST_WAITING, ReadError, StoreReader
from codexlb_store.schema import open_store

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[StoreReader]:
    open_store(tmp_path).close()
    made = StoreReader(tmp_path)
    yield made
    made.close()


def number(db: Database) -> int:
    return int(db.execute("SELECT 42").fetchone()[0])


async def test_a_query_runs_in_a_thread_of_its_own(reader: StoreReader) -> None:
    def where(_: Database) -> str:
        return threading.current_thread().name

    assert await reader.read("page", number) == 42
    assert (await reader.read("page", where)).startswith("codexlb-pages")


async def test_one_page_has_one_query_at_a_time_and_another_page_does_not_wait(reader: StoreReader) -> None:
    release, began = threading.Event(), threading.Event()
    order: list[str] = []

    def slow() -> None:
        began.set()
        release.wait(10)
        order.append("slow")

    first = asyncio.create_task(reader.work("page", slow))
    await asyncio.to_thread(began.wait, 10)
    second = asyncio.create_task(reader.work("page", lambda: order.append("second")))

    assert await reader.read("other", number) == 42
    assert order == []
    release.set()
    await asyncio.gather(first, second)
    assert order == ["slow", "second"]


async def test_too_many_who_wait_are_told_so_at_once(reader: StoreReader) -> None:
    release = threading.Event()
    waiting = [asyncio.create_task(reader.work("page", lambda: release.wait(10))) for _ in range(MOST_WAITING + 1)]
    await asyncio.sleep(0)

    with pytest.raises(ReadError, match="Too many ask for this at once"):
        await reader.read("page", number)
    assert await reader.read("other", number) == 42
    release.set()
    assert all(await asyncio.gather(*waiting))
    assert await reader.read("page", number) == 42


async def test_pages_without_number_are_not_kept_and_do_not_pile_up(reader: StoreReader) -> None:
    """Each single request is a page of its own."""
    for number_of_page in range(3 * MOST_PAGES):
        assert await reader.read(f"request {number_of_page}", number) == 42
    assert (len(reader.turns), len(reader.waiting)) == (0, 0)

    release = threading.Event()
    waiting = [asyncio.create_task(reader.work(f"page {i}", lambda: release.wait(10))) for i in range(MOST_PAGES)]
    await asyncio.sleep(0)
    with pytest.raises(ReadError, match="Too many ask for this at once"):
        await reader.read("one more", number)
    release.set()
    assert all(await asyncio.gather(*waiting))
    assert (len(reader.turns), len(reader.waiting)) == (0, 0)


async def test_a_defect_of_a_query_comes_through_and_its_page_goes_on(reader: StoreReader) -> None:
    with pytest.raises(ZeroDivisionError):
        await reader.read("page", lambda _: 1 / 0)
    with pytest.raises(RuntimeError, match="ours"):
        await reader.work("page", lambda: (_ for _ in ()).throw(RuntimeError("ours")))

    assert await reader.read("page", number) == 42


async def test_a_database_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    reader = StoreReader(tmp_path / "none")
    with pytest.raises(ReadError, match="cannot be read now"):
        await reader.read("page", number)
    reader.close()


async def test_the_end_of_the_proxy_breaks_off_what_is_read(reader: StoreReader) -> None:
    began = threading.Event()

    def endless(db: Database) -> None:
        began.set()
        db.execute(ENDLESS).fetchone()

    query = asyncio.create_task(reader.read("page", endless))
    await asyncio.to_thread(began.wait, 10)
    reader.close()

    with pytest.raises(ReadError):
        await query
    with pytest.raises(ReadError):
        await reader.read("page", number)
