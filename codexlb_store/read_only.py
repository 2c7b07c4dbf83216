"""Reading the store beside a running proxy: a data folder goes in, a database that can be read only comes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlite_utils import Database

from codexlb_store.schema import BUSY_TIMEOUT_SECONDS, DATABASE_NAME

STEPS_BETWEEN_LOOKS = 20_000
"""Of SQLite's machine: about a millisecond."""


def open_read_only(home: Path, is_over: Callable[[], bool] = lambda: False) -> Database:
    """Open a store that exists, without changing anything; raises sqlite3.Error.

    A query is broken off (OperationalError, "interrupted") as soon as `is_over` says so; it is asked in the query's
    own thread, every millisecond or so.
    """
    uri = f"{(home / DATABASE_NAME).absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS)
    connection.set_progress_handler(is_over, STEPS_BETWEEN_LOOKS)
    return Database(connection, execute_plugins=False)
