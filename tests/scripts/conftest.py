"""Stores for the people's side: an empty data folder, and one with some days of use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from codexlb_store.home import home_folder
from codexlb_store.processes import ProcessMark
from codexlb_store.schema import open_store
from scripts.data_folder import DataFolder
from tests.scripts.sample_ledger import use


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    home = home_folder(os.environ)
    with closing(open_store(home)) as db:
        yield DataFolder(home, db)


@pytest.fixture
def mark(folder: DataFolder) -> Iterator[ProcessMark]:
    """A proxy process that lives."""
    mark = ProcessMark.take(folder.home)
    yield mark
    mark.release()


@pytest.fixture
def used(folder: DataFolder, mark: ProcessMark) -> DataFolder:
    """Three accounts and some days of use."""
    use(folder, mark.id)
    return folder
