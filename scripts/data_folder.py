"""The data folder a command works on: the environment goes in, an open store comes out, or one sentence."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from sqlite_utils import Database

from codexlb_store.home import home_folder
from codexlb_store.schema import StoreError, open_store
from codexlb_store.vault import VaultError


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where Codex-LB keeps its data, and its database while the command runs."""

    home: Path
    db: Database


@contextlib.contextmanager
def data_folder() -> Iterator[DataFolder]:
    """Open the store in $CODEXLB_HOME for one command; trouble with store or key ends it with a sentence."""
    try:
        home = home_folder(os.environ)
        with contextlib.closing(open_store(home)) as db:
            yield DataFolder(home, db)
    except (StoreError, VaultError) as error:
        raise click.ClickException(str(error)) from error
