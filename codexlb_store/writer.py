"""The one writer of a process: operations go in without waiting, and reach the database from its own thread.

It also notices what other processes wrote, because it holds the connection that can tell.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from sqlite_utils import Database

from codexlb_store.batches import Operation, is_passing, name_of, write_batch
from codexlb_store.home import DATABASE_NAME
from codexlb_store.schema import open_store

__all__ = ["Operation", "Writer"]

logger = logging.getLogger(__name__)

# Measured: 100 rows in one transaction cost 12 times less a row than one by one, and more gain nothing.
BATCH_OPERATIONS = 100
BATCH_SECONDS = 0.05

LOOK_SECONDS = 0.2
"""How often an idle writer looks whether another connection changed the file."""

BUSY_TIMEOUT_MILLISECONDS = 250
"""Short: the writer tries again by itself, and must go on telling how it is."""

RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Pauses before a batch is tried again; the last one repeats."""

After = Callable[[Exception | None], None]
"""Called once in the writer's thread: with None when an operation is committed, with its error when it was left out.

It must not raise."""

Entry = tuple[Operation, After | None]


class MovedError(Exception):
    """The file that is open is not the one at its place any more."""

    def __init__(self) -> None:
        super().__init__("its file was moved or deleted: put it back, or end the proxy")


def _nothing(_: Database) -> None:
    """Wakes the thread."""


_WAKE: Entry = (_nothing, None)


class Writer:
    """Takes operations from any thread and writes them in the order they came."""

    def __init__(self, home: Path, on_change: Operation | None = None, capacity: int = 10_000) -> None:
        self._home = home
        self._on_change = on_change
        # A SimpleQueue takes an operation in a microsecond, a Queue in eight; its bound is kept by `put`.
        self._queue: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        self._capacity = capacity
        self._thread = threading.Thread(target=self._run, name="codexlb-writer", daemon=True)
        self._opened: Future[None] = Future()
        self._closing = threading.Event()
        self._given_up = threading.Event()
        self._batch: list[Entry] = []
        self._seen_version = 0
        self._failing = False
        self._moved = False
        self._file: tuple[int, int] | None = None
        self._failures = 0

    def start(self) -> None:
        """Open the store and begin to write; raises StoreError."""
        self._thread.start()
        self._opened.result()

    def put(self, operation: Operation, after: After | None = None) -> None:
        """Hand over an operation without waiting; raises queue.Full, or RuntimeError after `close`.

        `after` hears what became of it, however often the batch had to run; nothing when the writer ends first.
        """
        if self._closing.is_set():
            raise RuntimeError(f"The writer is closed: {name_of(operation)} came too late to be written.")
        if self._queue.qsize() >= self._capacity:
            raise queue.Full(f"{self._capacity} operations wait to be written: {name_of(operation)} was refused.")
        self._queue.put((operation, after))

    @property
    def backlog(self) -> int:
        """How many operations wait to be written."""
        return self._queue.qsize() + len(self._batch)

    @property
    def healthy(self) -> bool:
        """Whether what is put gets written: the thread runs, its last batch went in, and the file is in its place."""
        return self._thread.is_alive() and not self._failing and not self._moved

    @property
    def failures(self) -> int:
        """How many operations were broken in themselves and left out."""
        return self._failures

    def close(self, timeout_seconds: float = 10) -> None:
        """Write what was put before, then stop; what cannot be written in that time is counted in the log."""
        self._closing.set()
        if self._thread.is_alive():
            self._queue.put(_WAKE)
            self._thread.join(timeout_seconds)
            self._given_up.set()
            self._thread.join(2 * BUSY_TIMEOUT_MILLISECONDS / 1000)
        left = self._batch + self._take(self._queue.qsize())
        lost = len(left) - left.count(_WAKE)
        if lost:
            logger.error("The writer stopped with %d operations not written.", lost)

    def _run(self) -> None:
        try:
            db = open_store(self._home)
            db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
            self._seen_version = _data_version(db)
            self._file = self._file_at_place()
        except Exception as error:  # noqa: BLE001 - start() raises it
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        with contextlib.closing(db):
            self._work(db)

    def _work(self, db: Database) -> None:
        while not self._given_up.is_set():
            self._gather()
            if not self._batch and self._closing.is_set():
                return
            try:
                if self._batch:
                    self._write(db)
            except Exception as error:
                # A defect of ours may cost this batch, but must not end the thread.
                logger.exception("The writer left out a batch of %d operations.", len(self._batch))
                self._failing = True
                self._leave([(operation, error) for operation, _ in self._batch])
            self._look(db)

    def _gather(self) -> None:
        """Wait for an operation, then take those that come soon after it: one wake-up a batch, not one a row."""
        try:
            self._batch = [self._queue.get(not self._closing.is_set(), LOOK_SECONDS)]
        except queue.Empty:
            return
        if self._queue.qsize() < BATCH_OPERATIONS - 1:
            self._closing.wait(BATCH_SECONDS)
        self._batch += self._take(BATCH_OPERATIONS - 1)

    def _take(self, most: int) -> list[Entry]:
        """Up to so many of the operations that wait."""
        taken: list[Entry] = []
        with contextlib.suppress(queue.Empty):
            while len(taken) < most:
                taken.append(self._queue.get_nowait())
        return taken

    def _write(self, db: Database) -> None:
        """Write the batch, however often it takes; it stays in the backlog if the writer gives up first."""
        for pause in itertools.chain(RETRY_SECONDS, itertools.repeat(RETRY_SECONDS[-1])):
            try:
                self._require_place()
                broken = write_batch(db, [operation for operation, _ in self._batch])
            except Exception as error:
                if not isinstance(error, MovedError) and not is_passing(error):
                    raise
                self._suffer(error)
            else:
                self._settle(broken)
                return
            if self._given_up.wait(pause):
                return

    def _suffer(self, error: Exception) -> None:
        if not self._failing:
            logger.error("The database cannot be written now (%s): rows wait in memory.", error)
        self._failing = True

    def _settle(self, broken: Sequence[tuple[Operation, Exception]]) -> None:
        if self._failing:
            logger.warning("The database can be written again.")
        for operation, error in broken:
            logger.error("%s was left out of the database: %s", name_of(operation), error)
        self._failing = False
        self._leave(broken)

    def _leave(self, broken: Sequence[tuple[Operation, Exception]]) -> None:
        """The batch is done with: tell who wanted to know what became of it."""
        self._failures += len(broken)
        batch, self._batch = self._batch, []
        errors = {id(operation): error for operation, error in broken}
        for operation, after in batch:
            if after:
                after(errors.get(id(operation)))

    def _require_place(self) -> None:
        """Raises MovedError: SQLite itself goes on writing into a file that nobody finds any more."""
        if self._file_at_place() != self._file:
            raise MovedError

    def _file_at_place(self) -> tuple[int, int] | None:
        """Which file stands where the database belongs."""
        try:
            found = (self._home / DATABASE_NAME).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _look(self, db: Database) -> None:
        """Call on_change if another connection has written; after passing trouble, look again."""
        was_moved, self._moved = self._moved, self._file_at_place() != self._file
        if self._moved and not was_moved:
            logger.error("The database cannot be used any more: %s.", MovedError())
        elif was_moved and not self._moved:
            logger.warning("The database is back in its place.")
        version = self._seen_version
        try:
            version = _data_version(db)
            if version != self._seen_version and self._on_change:
                self._on_change(db)
        except Exception as error:
            logger.exception("What another process changed could not be read.")
            if is_passing(error):
                return
        self._seen_version = version


def _data_version(db: Database) -> int:
    """A number that differs once another connection has written."""
    row = db.execute("PRAGMA data_version").fetchone()
    return int(row[0])
