"""Columns of a screen: how wide each is follows from the screen alone."""

from __future__ import annotations

import pytest
from rich.text import Text

from scripts.watch.columns import fitted, headings, number, row, words
from scripts.watch.spark import spark

NAME, NOTE, COUNT, COST = words("Name", 4, 10), words("Note", 4, 8), number("N", 3, goes=1), number("$", 6, goes=2)
ALL = (NAME, NOTE, COUNT, COST)


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (100, [10, 8, 3, 6]),
        (24, [5, 4, 3, 6]),
        (25, [5, 5, 3, 6]),
        (23, [4, 4, 3, 6]),
        (22, [8, 7, 3]),
        (14, [6, 6]),
        (3, [4]),
    ],
    ids=["widest", "one more", "shared", "narrowest", "one goes", "two go", "never none"],
)
def test_columns_share_the_room(width: int, widths: list[int]) -> None:
    assert list(fitted(ALL, width).values()) == widths


def test_cells_are_cut_filled_and_flush() -> None:
    widths = fitted(ALL, 25)

    assert headings(widths).plain == "Name   Note     N       $"
    assert row(widths, {NAME: "Annabella", NOTE: Text("日本語"), COUNT: "7"}).plain == "Anna…  日本…    7"


@pytest.mark.parametrize(
    ("figures", "bars"),
    [([], ""), ([0, 0], "▁▁"), ([1, 0, 8], "▁▁█"), ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"), ([0.001, 100], "▁█")],
    ids=["nothing", "zeros", "a gap", "every height", "hardly anything"],
)
def test_bars_are_as_high_as_against_the_highest(figures: list[float], bars: str) -> None:
    assert spark(figures).plain == bars


def test_nothing_at_all_is_fainter_than_hardly_anything() -> None:
    assert [str(span.style) for span in spark([0, 1, 100]).spans] == ["dim", "cyan"]
