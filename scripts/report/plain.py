"""Tables for other programs: headings and cells go in, CSV (RFC 4180) or a Markdown table comes out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for a formula when a cell begins with it; clients choose the names of their models."""

Cell = str | float | None
"""Words, a figure, or unknown."""


def csv_text(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The rows as CSV, one line of headings first; what is unknown is an empty cell."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return written.getvalue()


def harmless(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def markdown_text(headings: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    """The rows as a Markdown table, its columns after the first `words` flush right."""
    rules = ["---" if number < words else "---:" for number in range(len(headings))]
    return "".join(_line(cells) for cells in ([_escaped(heading) for heading in headings], rules, *map(_row, rows)))


def _row(cells: Sequence[str]) -> list[str]:
    return [_escaped(cell) for cell in cells]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _escaped(text: str) -> str:
    """The text as Markdown shows it, whatever it is made of: no columns, links, emphasis or HTML of its own."""
    for character in ("\\", "|", "`", "*", "_", "[", "]", "<"):
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
