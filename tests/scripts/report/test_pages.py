"""The pages of `codexlb report`, as a person sees them at a fixed moment."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import RenderableType

from codexlb_store.exchanges import request, requests
from codexlb_store.ledger import Outcome
from codexlb_store.pricing import load_prices
from codexlb_store.processes import living
from codexlb_store.usage import Dimension, Filters
from codexlb_store.verify import verify
from scripts.data_folder import DataFolder
from scripts.report.breakdown import Order, Sort
from scripts.report.explained import explained, explained_page
from scripts.report.grouped import grouped, grouped_page
from scripts.report.labels import load_labels
from scripts.report.overview import overview, periods
from scripts.report.overview_page import cost_note, overview_page
from scripts.report.proof import proof_page
from scripts.report.requests_table import requests_table
from scripts.report.selection import Selection
from tests.scripts.sample_ledger import HOUR, NOW
from tests.scripts.snapshots import printed, snapshot

UTC = datetime.UTC
WIDTHS = pytest.mark.parametrize("width", [80, 140])
ALL = Selection(zone=UTC)


def first_page(folder: DataFolder, width: int, selection: Selection = ALL) -> RenderableType:
    found = overview(folder, periods(folder.db, selection, NOW), selection, NOW, with_latency=width >= 100)
    return overview_page(found, cost_note(load_prices()), NOW, width, selection.zone)


def by_page(folder: DataFolder, width: int, *by: Dimension, order: Order | None = None) -> RenderableType:
    return grouped_page(grouped(folder, by, ALL, order or Order(), with_latency=width >= 100), width)


def in_width(text: str, width: int) -> bool:
    return all(cell_len(line) <= width for line in text.splitlines())


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_first_page(busy: DataFolder, width: int) -> None:
    text = printed(first_page(busy, width), width)

    assert text == snapshot(f"report-{width}", text)
    assert in_width(text, width)


@WIDTHS
def test_where_nothing_went_wrong_nothing_is_said_of_it(used: DataFolder, width: int) -> None:
    day_before = Selection(Filters(since=NOW - 48 * HOUR, until=NOW - 24 * HOUR), UTC)

    text = printed(first_page(used, width, day_before), width)

    assert "Anomalies" not in text
    assert "Since Fri 17:20 until Sat 17:20" in text


@WIDTHS
@pytest.mark.parametrize("by", list(Dimension))
def test_usage_by_each_dimension_with_a_total(busy: DataFolder, by: Dimension, width: int) -> None:
    text = printed(by_page(busy, width, by, order=Order(limits=(12,))), width)

    assert text == snapshot(f"report-by-{by}-{width}", text)
    assert in_width(text, width)


@WIDTHS
@pytest.mark.parametrize(
    ("name", "by", "order"),
    [
        ("day-model", (Dimension.DAY, Dimension.MODEL), Order(limits=(4, None))),
        ("account-project", (Dimension.ACCOUNT, Dimension.PROJECT), Order(Sort.COST, limits=(2, 1))),
        ("outcome-hour", (Dimension.OUTCOME, Dimension.HOUR), Order(Sort.NAME, True, (None, 2))),
    ],
)
def test_usage_by_two_dimensions_is_nested(
    busy: DataFolder, name: str, by: tuple[Dimension, ...], order: Order, width: int
) -> None:
    text = printed(by_page(busy, width, *by, order=order), width)

    assert text == snapshot(f"report-by-{name}-{width}", text)
    assert in_width(text, width)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_single_requests_with_their_attempts(busy: DataFolder, width: int) -> None:
    text = printed(requests_table(requests(busy.db, 10), load_labels(busy.db), NOW, width, UTC), width)

    assert text == snapshot(f"report-requests-{width}", text)
    assert in_width(text, width)


@WIDTHS
@pytest.mark.parametrize(
    ("name", "start"), [("chosen", "a1"), ("unknown", "x30"), ("estimated", "c3"), ("refused", "x33")]
)
def test_a_request_explained(busy: DataFolder, name: str, start: str, width: int) -> None:
    row = request(busy.db, start)
    assert row is not None

    text = printed(explained_page(explained(busy.db, row), load_labels(busy.db), UTC), width)

    assert text == snapshot(f"report-explain-{name}-{width}", text)
    assert in_width(text, width)


@WIDTHS
def test_a_ledger_that_adds_up_with_its_gaps(busy: DataFolder, width: int) -> None:
    text = printed(proof_page(verify(busy.db, living(busy.home), UTC), load_labels(busy.db)), width)

    assert text == snapshot(f"report-verify-{width}", text)
    assert in_width(text, width)


@WIDTHS
def test_a_ledger_that_does_not_add_up(busy: DataFolder, width: int) -> None:
    busy.db.execute("UPDATE sums SET output_tokens = output_tokens + 1 WHERE model = 'gpt-5.1'")

    text = printed(proof_page(verify(busy.db, living(busy.home), UTC), load_labels(busy.db)), width)

    assert text == snapshot(f"report-verify-wrong-{width}", text)
    assert in_width(text, width)


def test_what_clients_call_things_cannot_steer_a_terminal(busy: DataFolder) -> None:
    for by in (Dimension.MODEL, Dimension.SESSION):
        text = printed(by_page(busy, 100, by), 100)
        assert re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e]", text) is None


@pytest.mark.parametrize("width", [30, 45])
def test_a_terminal_that_is_far_too_narrow_still_gets_a_report(busy: DataFolder, width: int) -> None:
    assert printed(first_page(busy, width), width)
    assert printed(by_page(busy, width, Dimension.ACCOUNT, Dimension.MODEL), width)


def test_a_page_from_a_given_moment_counts_from_there(used: DataFolder) -> None:
    text = printed(first_page(used, 100, Selection(Filters(since=NOW - HOUR), UTC)), 100)

    [line] = [line for line in text.splitlines() if line.startswith("Since 16:20")][:1]
    assert line.split()[2:9] == ["5", "21.3k", "0", "0%", "512", "n/a", "21.8k"]


def test_no_use_is_nothing_used_and_not_unknown(used: DataFolder) -> None:
    text = printed(first_page(used, 90, Selection(Filters(since=NOW - 1), UTC)), 90)

    lines = [line for line in text.splitlines() if line.startswith("Since 17:19")]
    assert lines[0].split()[2:] == ["0", "0", "0", "n/a", "0", "0", "0", "$0.00"]
    assert lines[1].split()[2:] == ["none"]


def test_one_account_alone_is_all_there_is_on_its_page(busy: DataFolder) -> None:
    [ann] = [row["id"] for row in busy.db["accounts"].rows if row["email"].startswith("ann")]

    text = printed(first_page(busy, 80, Selection(Filters(account_id=ann), UTC)), 80)

    assert "ann.miller@example.com" in text
    assert "bob@" not in text


def test_an_outcome_filter_is_of_requests_alone(busy: DataFolder) -> None:
    rows = requests(busy.db, 10, replace(Filters(), since=NOW - HOUR), Outcome.LOST)

    assert [row.id for row in rows] == ["e5" * 16]
