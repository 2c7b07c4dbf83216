"""A store in which everything happened that a report has words for."""

from __future__ import annotations

import pytest

from codexlb_store.processes import ProcessMark
from scripts.data_folder import DataFolder
from tests.scripts.report.busy_ledger import fill


@pytest.fixture
def busy(folder: DataFolder, mark: ProcessMark) -> DataFolder:
    """Three accounts, some days of use, and a last hour in which much went otherwise than it should."""
    fill(folder, mark.id)
    return folder
