"""The data folder a command works on: the environment goes in, an open store comes out, or one sentence."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from sqlite_utils import Database

from codexlb_store.home import home_folder
from codexlb_store.schema import DATABASE_NAME, StoreError, is_busy, open_store
from codexlb_store.vault import VaultError


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where Codex-LB keeps its data, and its database while the command runs."""

    home: Path
    db: Database

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else changes the store between the look at it and the change; all of it counts, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        with self.db.conn:
            yield


def trouble(path: Path, error: sqlite3.Error) -> str:
    """Why an open database refused to be read or written, in one sentence."""
    if is_busy(error):
        return f"The database {path} is locked by another program: end that program and try again."
    return f"The database {path} cannot be used ({error}): check the disk, and who may write to that file."


@contextlib.contextmanager
def data_folder() -> Iterator[DataFolder]:
    """Open the store in $CODEXLB_HOME for one command; trouble with store or key ends it with a sentence."""
    try:
        home = home_folder(os.environ)
        with contextlib.closing(open_store(home)) as db:
            yield DataFolder(home, db)
    except (StoreError, VaultError) as error:
        raise click.ClickException(str(error)) from error
    except sqlite3.Error as error:
        raise click.ClickException(trouble(home / DATABASE_NAME, error)) from error
