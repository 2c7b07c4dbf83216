"""The pool at one look: a data folder goes in, how its accounts are now comes out, or a word why not.

The store is read as it is: nothing is made, migrated or locked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from codexlb_store.account_views import AccountView, account_views, in_flight
from codexlb_store.home import DATABASE_NAME, home_folder
from codexlb_store.names import AccountNameError, find_account
from codexlb_store.processes import living
from codexlb_store.store_error import StoreError, is_busy

PATIENCE_SECONDS = 0.2
"""A prompt does not wait for another program's lock; the proxy's own writes stand in nobody's way."""

UNAVAILABLE_CODE = 69
"""Exit code of what cannot be told (EX_UNAVAILABLE of sysexits.h)."""


class PoolError(Exception):
    """How the pool is cannot be told; the message is a few words without an end."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Every account as it is now, and how many requests run, those without an account included."""

    views: Sequence[AccountView]
    in_flight: int


def read_pool(environ: Mapping[str, str], now: float) -> Pool:
    """How the accounts are at `now` (unix seconds); raises PoolError, also where there are none."""
    try:
        home = home_folder(environ)
        if not (home / DATABASE_NAME).exists():
            raise PoolError("no data yet")
        pool = _read(home, now)
    except (StoreError, OSError) as error:
        raise PoolError("no data folder") from error
    except sqlite3.Error as error:
        raise PoolError(_words(error)) from error
    if not pool.views:
        raise PoolError("no accounts")
    return pool


def _read(home: Path, now: float) -> Pool:
    with closing(sqlite3.connect(read_only_uri(home / DATABASE_NAME), uri=True, timeout=PATIENCE_SECONDS)) as db:
        alive = living(home)
        return Pool(account_views(db, now, alive), sum(in_flight(db, alive).values()))


def read_only_uri(path: Path) -> str:
    """What SQLite opens without making or changing anything."""
    # Not as_uri: on Python 3.13 it loads as much as all of SQLite. These three are what mean something to SQLite.
    quoted = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?mode=ro"


def _words(error: sqlite3.Error) -> str:
    if is_busy(error):
        return "database locked"
    if "no such" in str(error):  # a table or a column
        return "database of another version, `codexlb report` says more"
    return "database unreadable"


def only(pool: Pool, name: str) -> Pool:
    """The one account of this name; raises click's error with a sentence that names the others."""
    try:
        wanted = find_account([view.account for view in pool.views], name).id
    except AccountNameError as error:
        raise click.BadParameter(str(error), param_hint="--account") from error
    views = [view for view in pool.views if view.account.id == wanted]
    return Pool(views, views[0].in_flight)
