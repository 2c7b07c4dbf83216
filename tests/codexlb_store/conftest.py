"""A real store in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from codexlb_store.schema import open_store
from codexlb_store.vault import Vault


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    with closing(open_store(home)) as database:
        yield database


@pytest.fixture
def vault(home: Path) -> Vault:
    return Vault.open(home, {})
