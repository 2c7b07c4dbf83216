"""The data folder as it lies there: files and tables are read, and nothing is made, migrated or locked.

But for one file: where a -wal file was left alone, SQLite makes the -shm file that belongs to it.
"""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from shutil import disk_usage

from cryptography.fernet import Fernet
from sqlite_utils import Database

from codexlb_store.account_views import account_views
from codexlb_store.credentials import tokens_of
from codexlb_store.home import DATABASE_NAME
from codexlb_store.keys import load_keys
from codexlb_store.migrations import MIGRATION_SET
from codexlb_store.store_error import is_busy, primary_code
from codexlb_store.vault import Vault, VaultError
from scripts.accounts.naming import typed
from scripts.doctor.store import KNOWN_STEPS, Content, Store
from scripts.glance.pool import read_only_uri

BUSY_SECONDS = 1.0
CHECK_SECONDS = 5.0
"""For going through all pages: some hundred megabytes."""

STEPS_BETWEEN_LOOKS = 20_000
"""Of SQLite's machine: about a millisecond."""

TOKENS = ("access token", "refresh token", "id token")


def see_store(home: Path, key_file: Path, living: Collection[str], now: float) -> Store:
    """What lies in a data folder at `now` (unix seconds); `living` are the proxies that run."""
    key, key_problem = _read_key(key_file)
    database = home / DATABASE_NAME
    content, problem = None, None
    if _is_no_file(database):
        problem = "it is no file"
    elif _mode(database) is not None:
        try:
            with closing(open_as_it_is(database)) as db:
                content = _content(db, Vault(key, key_file) if key else None, living, now)
        except sqlite3.Error as error:
            problem = "another program has locked it" if is_busy(error) else f"it cannot be read ({error})"
    return Store(
        home, _mode(home), _free_bytes(home), _mode(database), content, problem, key_file, _mode(key_file), key_problem
    )  # fmt: skip


def open_as_it_is(path: Path) -> Database:
    """A database that is only read, and beside which SQLite makes no files; raises sqlite3.Error."""
    # Where no program has it open there is no -wal file, and SQLite would make one even to read.
    rest = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    connection = sqlite3.connect(read_only_uri(path) + rest, uri=True, timeout=BUSY_SECONDS)
    return Database(connection, execute_plugins=False)


def _content(db: Database, vault: Vault | None, living: Collection[str], now: float) -> Content:
    damage, is_checked_through = _damage(db)
    if damage:
        return Content(frozenset(), damage)
    steps = _steps(db)
    if not steps.issuperset(KNOWN_STEPS):
        return Content(steps, is_checked_through=is_checked_through)
    views = tuple(account_views(db, now, living))
    tokens = {row[0] for row in db.execute("SELECT account_id FROM tokens")}
    secrets: dict[tuple[str, str], str] = {}
    sealed_otherwise = []
    accounts = [view.account for view in views]
    for account in accounts if vault else ():
        try:
            login = vault and tokens_of(db, vault, account.id)
        except VaultError:
            sealed_otherwise.append(account.name)
            continue
        if login:
            values = (login.access_token, login.refresh_token, login.id_token)
            secrets |= {(typed(account, accounts), kind): value for kind, value in zip(TOKENS, values, strict=True)}
    return Content(
        steps, damage, is_checked_through, views, tuple(load_keys(db)), len(tokens), tuple(sealed_otherwise), secrets
    )  # fmt: skip


def _damage(db: Database) -> tuple[tuple[str, ...], bool]:
    """What SQLite finds wrong, and whether it came to the end in time."""
    deadline = time.monotonic() + CHECK_SECONDS
    db.conn.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
    try:
        found = [row[0] for row in db.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return (), False
    except sqlite3.DatabaseError as error:
        if primary_code(error) != sqlite3.SQLITE_CORRUPT:
            raise
        return (str(error),), True
    finally:
        db.conn.set_progress_handler(None, 0)
    return (() if found == ["ok"] else tuple(" ".join(line.split()) for line in found)), True


def _steps(db: Database) -> frozenset[str]:
    try:
        rows = db.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,))
        return frozenset(row[0] for row in rows)
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return frozenset()


def _read_key(path: Path) -> tuple[Fernet | None, str | None]:
    """The key, or what is wrong with its file."""
    if _is_no_file(path):
        return None, "is no file"
    try:
        return Fernet(path.read_bytes().strip()), None
    except FileNotFoundError:
        return None, "is not there"
    except OSError as error:
        return None, f"cannot be read ({error.strerror})"
    except ValueError:
        return None, "holds no key"


def _is_no_file(path: Path) -> bool:
    """Whether something else is there: from a pipe one would read for ever."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return None


def _free_bytes(home: Path) -> int | None:
    try:
        return disk_usage(home).free
    except OSError:
        return None
