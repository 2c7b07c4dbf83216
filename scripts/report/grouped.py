"""`codexlb report --by`: usage by one or two things, as a page, as JSON, as CSV and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from codexlb_store.anomalies import Anomalies, anomalies
from codexlb_store.latencies import latencies
from codexlb_store.usage import Dimension, Sums, usage
from scripts.data_folder import DataFolder
from scripts.report.anomaly_lines import coverage, estimates
from scripts.report.breakdown import Breakdown, Latencies, Order, breakdown
from scripts.report.figures import FIGURES, MORE_FIGURES, Line, known
from scripts.report.labels import Labels, load_labels, load_names
from scripts.report.plain import csv_text, markdown_text
from scripts.report.record import VERSION, headings, leaves, node_record
from scripts.report.selection import Selection
from scripts.report.usage_table import breakdown_table


@dataclass(frozen=True, slots=True)
class Grouped:
    """A breakdown, and of the same requests what went otherwise than it should, if that has to be said."""

    found: Breakdown
    anomalies: Anomalies | None
    labels: Labels


def grouped(
    folder: DataFolder, by: Sequence[Dimension], selection: Selection, order: Order, with_latency: bool
) -> Grouped:
    """What was asked for, by these dimensions."""
    filters, zone = selection.filters, selection.zone
    labels = load_labels(folder.db)
    rows = usage(folder.db, by, filters, zone)
    took: Latencies = {}
    for depth in range(len(by) + 1) if with_latency else ():
        took = {**took, **latencies(folder.db, by[:depth], filters, zone)}
    found = breakdown(rows, by, labels, order, took)
    return Grouped(found, anomalies(folder.db, filters, found.total.sums) if is_odd(found.total.sums) else None, labels)


def is_odd(total: Sums) -> bool:
    """Whether there is more to say of the requests than their figures do; of most there is not, and it takes time."""
    return total.failed > 0 or total.counted > total.priced


def grouped_page(report: Grouped, width: int) -> RenderableType:
    """The table, and below it of how many requests its figures are."""
    total = report.found.total.sums
    notes = [coverage(total, report.anomalies), estimates(total)]
    below = "\n".join(f"{note}." for note in notes if note)
    return Group(breakdown_table(report.found, width), Text(f"\n{below}", "dim"))


def grouped_record(folder: DataFolder, report: Grouped) -> dict[str, Any]:
    """The JSON document: a row for each of the innermost groups, and the total."""
    names, found = load_names(folder.db), report.found
    rows = [node_record(node, found.by, names) for node in leaves(found.total)]
    return {"version": VERSION, "rows": rows, "total": node_record(found.total, (), names)}


def grouped_csv(folder: DataFolder, report: Grouped) -> str:
    """The same rows for spreadsheets."""
    names, found = load_names(folder.db), report.found
    rows = (list(node_record(node, found.by, names).values()) for node in leaves(found.total))
    return csv_text(headings(found.by), rows)


def grouped_markdown(report: Grouped) -> str:
    """The innermost rows and the total, as Markdown."""
    found = report.found
    shown = (*FIGURES, *MORE_FIGURES)
    heads = [*(name.capitalize() for name in found.by), *(figure.heading for figure in shown)]
    lines: list[tuple[list[str], Line]] = [
        ([report.labels.label(by, value) for by, value in zip(found.by, node.groups, strict=True)],
         (node.sums, node.latency))
        for node in leaves(found.total)
    ]  # fmt: skip
    lines.append((["Total", *[""] * (len(found.by) - 1)], (found.total.sums, found.total.latency)))
    rows = [[*names, *(figure.of(known(line)) for figure in shown)] for names, line in lines]
    return markdown_text(heads, rows, len(found.by))
