"""The pages of `codexlb report`, as a person sees them at a fixed moment."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from codexlb_store.reports import Dimension, requests
from scripts.data_folder import DataFolder
from scripts.request_table import requests_table
from scripts.usage_report import first_page, grouped, periods
from tests.scripts.sample_ledger import HOUR, NOW
from tests.scripts.snapshots import printed, snapshot

WIDTHS = pytest.mark.parametrize("width", [80, 140])


@pytest.fixture(autouse=True)
def in_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clock times and days are this machine's: here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@WIDTHS
def test_the_first_page(used: DataFolder, width: int) -> None:
    text = printed(first_page(used, periods(None, NOW), NOW, width), width)

    assert text == snapshot(f"report-{width}", text)


@WIDTHS
@pytest.mark.parametrize("by", list(Dimension))
def test_usage_by_each_dimension_with_a_total(used: DataFolder, by: Dimension, width: int) -> None:
    text = printed(grouped(used, by, None, NOW, width), width)

    assert text == snapshot(f"report-by-{by}-{width}", text)


@WIDTHS
def test_single_requests_with_their_attempts(used: DataFolder, width: int) -> None:
    names = {row["id"]: row["email"] for row in used.db["accounts"].rows}

    text = printed(requests_table(requests(used.db, 8), names, NOW, width), width)

    assert text == snapshot(f"report-requests-{width}", text)


def test_a_page_from_a_given_moment_counts_from_there(used: DataFolder) -> None:
    text = printed(first_page(used, periods(NOW - HOUR, NOW), NOW, 100), 100)

    [line] = [line for line in text.splitlines() if line.startswith("Since 16:20")][:1]
    assert line.split()[2:] == ["5", "21.3k", "0", "0%", "512", "n/a", "$0.12"]


def test_no_use_is_nothing_used_and_not_unknown(used: DataFolder) -> None:
    text = printed(first_page(used, periods(NOW - 1, NOW), NOW, 100), 100)

    lines = [line for line in text.splitlines() if line.startswith("Since 17:19")]
    assert lines[0].split()[2:] == ["0", "0", "0", "n/a", "0", "0", "$0.00"]
    assert lines[1].split()[2:] == ["none"]
