"""What pages read of the store: a query goes in, its result comes back to the event loop, which never waits for a disk.

Slow queries cannot pile up: each page has one at a time, all of them together have two threads and so many seconds.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from codexlb_store.read_only import open_read_only

MOST_THREADS = 2
"""Threads of their own: those of the event loop look up the upstream's address, and must not wait for a report."""

MOST_WAITING = 8
"""For one page, beside the one that is being read."""

MOST_PAGES = 32
"""That are asked for at a time: there are fewer, but each single request has a page of its own."""

MOST_SECONDS = 15.0
"""A query that takes longer is broken off; a year's report takes one."""

_Result = TypeVar("_Result")


class ReadError(Exception):
    """A page cannot be read now; the message is one sentence for who asked."""


class StoreReader:
    """Runs the work of pages in threads, for each page one after the other."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.threads = ThreadPoolExecutor(MOST_THREADS, "codexlb-pages")
        self.turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.waiting: Counter[str] = Counter()
        self.closed = False

    async def read(self, page: str, query: Callable[[Database], _Result]) -> _Result:
        """What a query finds; raises ReadError when too many ask for the same page, or it takes too long."""
        return await self.work(page, lambda: self.ask(query))

    async def work(self, page: str, task: Callable[[], _Result]) -> _Result:
        """What a task returns that is not for the event loop; raises ReadError."""
        if self.closed or self.waiting[page] > MOST_WAITING or len(self.waiting) >= MOST_PAGES:
            raise ReadError("Too many ask for this at once: try again in a moment.")
        self.waiting[page] += 1
        try:
            async with self.turns[page]:
                return await asyncio.get_running_loop().run_in_executor(self.threads, task)
        except RuntimeError as error:
            if not self.closed:
                raise
            raise ReadError("The proxy ends.") from error
        finally:
            self.waiting[page] -= 1
            if not self.waiting[page]:  # nobody looks at this page now, and maybe never again
                del self.waiting[page], self.turns[page]

    def ask(self, query: Callable[[Database], _Result]) -> _Result:
        """In a thread: run a query on a connection of its own."""
        ends_at = time.monotonic() + MOST_SECONDS
        try:
            with closing(open_read_only(self.home, lambda: self.closed or time.monotonic() > ends_at)) as db:
                return query(db)
        except sqlite3.Error as error:
            if time.monotonic() > ends_at:
                raise ReadError("This takes too long: ask for less, such as fewer days.") from error
            raise ReadError(f"The database cannot be read now ({error}): try again in a moment.") from error

    def close(self) -> None:
        """The proxy ends: break off what is being read."""
        self.closed = True
        self.threads.shutdown(wait=False, cancel_futures=True)
