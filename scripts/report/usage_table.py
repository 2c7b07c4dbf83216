"""How usage is shown: sums with their names go in, a rich table comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from codexlb_store.latencies import Latency
from codexlb_store.quantity import UNKNOWN
from codexlb_store.usage import Sums
from scripts.report.breakdown import Breakdown, Node, ends_with_newest
from scripts.report.figures import FIGURES, MORE_FIGURES, ROOM_FOR_MORE, Figure, Line, figures_within, known
from scripts.terminal import figures, table

INDENT = 2

QUIET = frozenset({UNKNOWN, "0", "0%"})
"""What is not known, or did not happen, must not catch the eye."""

WIDEST_LABEL = 0.45
"""Of the width; a longer name folds. On 80 characters a session's id is just not that."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its name, perhaps within a group, and its figures; None where there are none to show."""

    label: str
    line: Line | None
    depth: int = 0
    style: str = ""


def usage_table(label: str, rows: Sequence[tuple[str, Sums]], width: int, total: Sums | None = None) -> Table:
    """A row of figures per name, then the total if given, `width` characters wide at most."""
    foot = None if total is None else (total, None)
    return rows_table(label, [Row(name, (sums, None)) for name, sums in rows], width, foot)


def breakdown_table(found: Breakdown, width: int) -> Table:
    """All groups with what is in them, then the total, `width` characters wide at most."""
    heading = " / ".join(name.capitalize() for name in found.by)
    return rows_table(heading, list(_rows(found.total, found)), width, (found.total.sums, found.total.latency))


def _rows(node: Node, whole: Breakdown) -> Iterator[Row]:
    """The rows within a node, where some are left out with a word on it at the end that is missing."""
    depth = len(node.groups)
    earlier = bool(node.left_out) and ends_with_newest(whole.by[depth], whole.order)
    note = Row(f"… and {node.left_out:,} {'earlier' if earlier else 'more'}", None, depth, "dim")
    if earlier:
        yield note
    for inner in node.inner:
        is_group = depth + 1 < len(whole.by)
        yield Row(inner.label, (inner.sums, inner.latency), depth, "bold" if is_group else "")
        if is_group:
            yield from _rows(inner, whole)
    if node.left_out and not earlier:
        yield note


def rows_table(heading: str, rows: Sequence[Row], width: int, foot: Line | None = None) -> Table:
    """The rows, then the total if given, `width` characters wide at most."""
    labels = [heading, *(" " * INDENT * row.depth + row.label for row in rows), *(["Total"] if foot else [])]
    label_width = min(max(map(cell_len, labels)), max(int(width * WIDEST_LABEL), cell_len(heading)))
    lines = [known(line) for line in (*(row.line for row in rows), foot) if line]
    room = width - label_width
    kept = figures_within(room, (*FIGURES, *MORE_FIGURES) if _has_more(lines, width) else FIGURES, lines)
    found = table(
        Column(heading, "Total", overflow="fold", width=label_width),
        *(figures(figure.heading, figure.of(known(foot)) if foot else "") for figure in kept),
        show_footer=foot is not None,
    )
    for row in rows:
        found.add_row(_label(row), *_cells(row, kept), style=row.style)
    return found


def _has_more(lines: Sequence[Line], width: int) -> bool:
    """Whether there is room for every figure, and somebody looked how long answers took."""
    return width >= ROOM_FOR_MORE and any(isinstance(latency, Latency) for _, latency in lines)


def _label(row: Row) -> RenderableType:
    """The name below its group: a long one folds below itself."""
    return Padding(Text(row.label), (0, 0, 0, INDENT * row.depth)) if row.depth else Text(row.label)


def _cells(row: Row, kept: Sequence[Figure]) -> list[Text]:
    if row.line is None:
        return []
    texts = [figure.of(known(row.line)) for figure in kept]
    return [Text(text, "dim" if text in QUIET else "") for text in texts]
