from __future__ import annotations

import pytest

from codexlb_store.windows import Window
from scripts.accounts.windows import LEVELS, level, sparkline


@pytest.mark.parametrize(("used", "character"), [(-1, "▁"), (0, "▁"), (50, "▄"), (99.9, "▇"), (100, "█"), (120, "█")])
def test_only_a_full_window_is_drawn_to_the_top(used: float, character: str) -> None:
    assert level(used) == character
    assert character in LEVELS


@pytest.mark.parametrize(
    ("readings", "line"),
    [
        pytest.param([], "    ", id="nothing read"),
        pytest.param([(5, 100, None)], "████", id="read before"),
        pytest.param([(15, 50, None)], " ▄▄▄", id="read within"),
        pytest.param([(5, 0, None), (25, 100, None)], "▁▁██", id="rising"),
        pytest.param([(5, 100, 25)], "██▁▁", id="reset between readings"),
        pytest.param([(12, 20, None), (14, 100, None)], " ███", id="the last of a stretch"),
    ],
)
def test_a_line_shows_each_stretch_of_time_at_its_end(
    readings: list[tuple[float, float, float | None]], line: str
) -> None:
    read = [Window("a", 300, used, resets_at, read_at) for read_at, used, resets_at in readings]

    # stretches end at 10, 20, 30 and 40
    assert sparkline(read, since=0, now=40, width=4).plain == line
