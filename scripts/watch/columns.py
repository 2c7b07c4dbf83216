"""Columns that stay where they are: a width goes in, how wide each column is comes out, whatever stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from scripts.terminal import GAP


@dataclass(frozen=True, slots=True)
class Column:
    """A column between its narrowest and its widest (characters); the one with the highest `goes` goes first."""

    heading: str
    least: int
    most: int
    is_right: bool = False
    goes: int = 0


Widths = Mapping[Column, int]


def words(heading: str, least: int, most: int, goes: int = 0) -> Column:
    """A column of words, which takes what room there is."""
    return Column(heading, least, most, goes=goes)


def number(heading: str, width: int, goes: int = 0) -> Column:
    """A column of figures, flush right."""
    return Column(heading, width, width, is_right=True, goes=goes)


def fitted(columns: Sequence[Column], width: int) -> Widths:
    """How wide each column is within this many characters; those with no room are left out."""
    kept = list(columns)
    while len(kept) > 1 and _least(kept) > width:
        kept.remove(max(kept, key=lambda column: column.goes))
    widths = {column: column.least for column in kept}
    left = width - _least(kept)
    while left > 0 and (growing := [column for column in kept if widths[column] < column.most]):
        for column in growing[:left]:
            widths[column] += 1
        left -= len(growing[:left])
    return widths


def _least(columns: Sequence[Column]) -> int:
    return sum(column.least for column in columns) + GAP * (len(columns) - 1)


def row(widths: Widths, cells: Mapping[Column, str | Text]) -> Text:
    """One line; what is too long for its column ends with an ellipsis, and what is missing is blank."""
    found = Text(no_wrap=True)
    for place, (column, width) in enumerate(widths.items()):
        cell = cells.get(column, "")
        text = cell.copy() if isinstance(cell, Text) else Text(cell)
        text.truncate(width, overflow="ellipsis")
        text.align("right" if column.is_right else "left", width)
        found.append(" " * GAP if place else "").append_text(text)
    found.rstrip()
    return found


def headings(widths: Widths) -> Text:
    """The line above the rows."""
    return row(widths, {column: Text(column.heading, "dim") for column in widths})
