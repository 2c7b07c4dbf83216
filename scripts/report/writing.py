"""A report as text: what is asked for goes in, a page, JSON, CSV or Markdown comes out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import click

from codexlb_store.pricing import PriceError, load_prices
from codexlb_store.usage import Dimension, Filters
from scripts.data_folder import DataFolder
from scripts.report.breakdown import Order
from scripts.report.delivery import drawn
from scripts.report.figures import FIGURES, MORE_FIGURES, ROOM_FOR_MORE, known
from scripts.report.form import Form, Wanted
from scripts.report.grouped import Grouped, grouped, grouped_csv, grouped_markdown, grouped_page, grouped_record
from scripts.report.overview import Overview, is_empty, overview, periods
from scripts.report.overview_page import NO_REQUESTS, cost_note, overview_page, overview_record, period_cells
from scripts.report.plain import csv_text, markdown_text
from scripts.report.record import left_out, line_record
from scripts.report.selection import Selection
from scripts.report.span import span_words
from scripts.terminal import terminal

PERIOD_WORDS = 1
"""Columns of words before the figures."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything that was asked for but the form: no dimensions mean the first page; `now` in unix seconds."""

    by: tuple[Dimension, ...]
    order: Order
    selection: Selection
    now: float


def written(folder: DataFolder, asking: Asking, wanted: Wanted) -> str:
    """The whole report; what is no data is said on standard error."""
    with_latency = wanted.form is not Form.TABLE or terminal().width >= ROOM_FOR_MORE
    if not asking.by:
        stretches = periods(folder.db, asking.selection, asking.now)
        return _overview(
            folder, overview(folder, stretches, asking.selection, asking.now, with_latency), asking, wanted
        )
    report = grouped(folder, asking.by, asking.selection, asking.order, with_latency)
    if wanted.form is Form.TABLE:
        if not report.found.total.sums.requests:
            return f"{nothing(folder, asking)}\n"
        return drawn(lambda width: grouped_page(report, width), wanted.output)
    _note(folder, report, asking, wanted.form)
    return _grouped(folder, report, wanted.form)


def _note(folder: DataFolder, report: Grouped, asking: Asking, form: Form) -> None:
    """Say beside the data what it does not; an empty list says by itself that there is nothing."""
    if not report.found.total.sums.requests and form is not Form.JSON:
        click.echo(nothing(folder, asking), err=True)
    elif missing := left_out(report.found.total):
        click.echo(f"{missing:,} more rows are left out by --limit.", err=True)


def nothing(folder: DataFolder, asking: Asking) -> str:
    """Why there is nothing to show, in one sentence."""
    if is_empty(folder.db):
        return NO_REQUESTS
    words, span = span_words(asking.selection.span, asking.now, asking.selection.zone), asking.selection.span
    when = "" if span.is_whole else f" {words[0].lower()}{words[1:]}"
    is_narrowed = replace(asking.selection.filters, since=None, until=None) != Filters()
    return f"No requests{when}{' are of what you chose' if is_narrowed else ''}."


def _grouped(folder: DataFolder, report: Grouped, form: Form) -> str:
    match form:
        case Form.JSON:
            return _json(grouped_record(folder, report))
        case Form.CSV:
            return grouped_csv(folder, report)
        case _:
            return grouped_markdown(report)


def _overview(folder: DataFolder, found: Overview, asking: Asking, wanted: Wanted) -> str:
    match wanted.form:
        case Form.TABLE:
            note = _cost_note(folder)
            return drawn(
                lambda width: overview_page(found, note, asking.now, width, asking.selection.zone), wanted.output
            )
        case Form.JSON:
            total = line_record(found.used[-1].sums, found.used[-1].latency)
            return _json(overview_record(found, total, asking.now))
        case Form.CSV:
            rows = [period_cells(used) for used in found.used]
            return csv_text(list(rows[0]), (list(row.values()) for row in rows))
        case Form.MARKDOWN:
            shown = (*FIGURES, *MORE_FIGURES)
            lines = [(used.period.label, known((used.sums, used.latency))) for used in found.used]
            cells = [[label, *(figure.of(line) for figure in shown)] for label, line in lines]
            return markdown_text(["Period", *(figure.heading for figure in shown)], cells, PERIOD_WORDS)


def _cost_note(folder: DataFolder) -> str:
    """What the dollars mean; a price list of one's own that cannot be used must not hide what was used."""
    try:
        return cost_note(load_prices(folder.home))
    except PriceError as error:
        return str(error)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
