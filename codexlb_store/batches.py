"""Batches: operations on the database go in together in one transaction, and a broken one spoils no other.

An operation is any function of a database. Its error is either passing (the disk, another process: it may
succeed later, so the whole batch waits) or its own (it is left out and named).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from sqlite_utils import Database

from codexlb_store.schema import primary_code

Operation = Callable[[Database], object]

PASSING_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
)


def is_passing(error: Exception) -> bool:
    """Whether the same operations may well succeed later."""
    return isinstance(error, sqlite3.OperationalError) and primary_code(error) in PASSING_CODES


def name_of(operation: Operation) -> str:
    """What a log line calls an operation."""
    function = getattr(operation, "func", operation)  # what a functools.partial holds
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def write_batch(db: Database, batch: Sequence[Operation]) -> list[tuple[Operation, Exception]]:
    """Write all operations in one transaction, but for broken ones, which are returned with their errors.

    Raises what is passing, and then nothing of the batch was written.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        with db.conn:
            for operation in batch:
                operation(db)
    except Exception as error:
        if is_passing(error):
            raise
        return _write_each(db, batch)
    return []


def _write_each(db: Database, batch: Sequence[Operation]) -> list[tuple[Operation, Exception]]:
    """The slow road: every operation in a savepoint of its own, so that it alone can be taken back."""
    broken: list[tuple[Operation, Exception]] = []
    db.execute("BEGIN IMMEDIATE")
    with db.conn:
        for operation in batch:
            try:
                with db.atomic():
                    operation(db)
            except Exception as error:
                if is_passing(error):
                    raise
                broken.append((operation, error))
    return broken
