"""Opening the store: a data folder goes in, a ready database comes out, or one sentence why not."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlite_utils import Database

from codexlb_store.home import DATABASE_NAME as DATABASE_NAME
from codexlb_store.migrations import MIGRATIONS, STEPS
from codexlb_store.store_error import StoreError as StoreError
from codexlb_store.store_error import is_busy as is_busy
from codexlb_store.store_error import primary_code as primary_code

BUSY_TIMEOUT_SECONDS = 5.0
"""How long one process waits for another one's write; ours take milliseconds."""


def open_store(home: Path) -> Database:
    """Open the database in `home`, making folder and tables as needed; raises StoreError."""
    path = home / DATABASE_NAME
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The data folder {home} cannot be made ({error.strerror}): set CODEXLB_HOME to a folder you may write to."
        ) from error
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS)
        # no plugins: what a person installed for the sqlite-utils command has no business in here
        db = Database(connection, execute_plugins=False)
    except sqlite3.Error as error:
        raise StoreError(_sentence(path, error)) from error
    try:
        _prepare(db, path)
    except sqlite3.Error as error:
        db.close()
        raise StoreError(_sentence(path, error)) from error
    except StoreError:
        db.close()
        raise
    return db


def _prepare(db: Database, path: Path) -> None:
    is_new = not path.exists() or path.stat().st_size == 0
    if is_new:  # only a file without tables takes it, and in any other it is a write that wakes every proxy
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # lets pages be handed back without a full VACUUM
    _use_wal(db, time.monotonic() + BUSY_TIMEOUT_SECONDS)
    db.execute("PRAGMA synchronous = NORMAL")
    if is_new:
        path.chmod(0o600)  # SQLite gives the -wal and -shm files the same mode
    _refuse_newer(db, path)
    if MIGRATIONS.pending(db):
        _migrate(db)


def _use_wal(db: Database, deadline: float) -> None:
    """Switch to WAL by `deadline` (monotonic seconds): SQLite itself does not wait for a competing switch."""
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _migrate(db: Database) -> None:
    """Apply what is pending under one write lock: of two first starts, the second finds the work done."""
    db.execute("BEGIN IMMEDIATE")
    with db.conn:
        MIGRATIONS.apply(db)


def _refuse_newer(db: Database, path: Path) -> None:
    known = {step.__name__ for step in STEPS}
    unknown = [applied.name for applied in MIGRATIONS.applied(db) if applied.name not in known]
    if unknown:
        raise StoreError(
            f"The database {path} was written by a newer Codex-LB (it knows the step {unknown[-1]}): "
            "install the newer Codex-LB again, or choose another folder with CODEXLB_HOME."
        )


def _sentence(path: Path, error: sqlite3.Error) -> str:
    if primary_code(error) == sqlite3.SQLITE_NOTADB:
        return (
            f"The file {path} is not a database: move it away and start again, or set CODEXLB_HOME to another folder."
        )
    if is_busy(error):
        return f"The database {path} is locked by another program: end that program and start again."
    return (
        f"The database {path} cannot be opened ({error}): check that you may write to it and its folder, "
        "or set CODEXLB_HOME to another folder."
    )
