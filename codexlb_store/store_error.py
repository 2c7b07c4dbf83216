"""What can be wrong with a store: SQLite's errors go in, what they mean comes out."""

from __future__ import annotations

import sqlite3


class StoreError(Exception):
    """The store cannot be opened; the message is one sentence for the person at the keyboard."""


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection stood in the way, so that trying again will help."""
    return primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension bits; 0 when Python's own layer raised the error."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
