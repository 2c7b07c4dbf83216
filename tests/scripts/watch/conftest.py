"""A store in which everything happened that a watch shows, and a look at it at a fixed moment."""

from __future__ import annotations

import datetime

import pytest

from codexlb_store.processes import ProcessMark
from scripts.data_folder import DataFolder
from scripts.watch.buckets import Buckets
from scripts.watch.look import Look, look
from tests.scripts.report.busy_ledger import fill
from tests.scripts.sample_ledger import NOW


@pytest.fixture
def busy(folder: DataFolder, mark: ProcessMark) -> DataFolder:
    """Three accounts, some days of use, and a last hour in which much went otherwise than it should."""
    fill(folder, mark.id)
    return folder


@pytest.fixture
def looked(busy: DataFolder) -> Look:
    return look(busy, Buckets(), NOW, datetime.UTC)
