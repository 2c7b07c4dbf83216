from __future__ import annotations

import pytest

from scripts.bars import bar


@pytest.mark.parametrize(
    ("used", "drawn"),
    [(0, "╌╌╌╌"), (0.1, "━╌╌╌"), (49, "━╌╌╌"), (50, "━━╌╌"), (99.9, "━━━╌"), (100, "━━━━"), (120, "━━━━")],
)
def test_a_bar_is_empty_or_full_only_when_the_window_is(used: float, drawn: str) -> None:
    assert bar(used, 4).plain == drawn


@pytest.mark.parametrize(
    ("used", "colour"),
    [(0.1, "green"), (69.9, "green"), (70, "yellow"), (89.9, "yellow"), (90, "red"), (100, "red")],
)
def test_a_bar_takes_its_colour_from_what_is_left(used: float, colour: str) -> None:
    assert any(span.style == colour for span in bar(used, 4).spans)
