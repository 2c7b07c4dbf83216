"""Where bars, lines and marks of a chart are drawn."""

from __future__ import annotations

import pytest

from addons.web.charts import Bar, axis_top, chart


@pytest.mark.parametrize(
    ("most", "top"),
    [
        (0.02, 0.02),
        (0.021, 0.04),
        (0.5, 0.6),
        (1, 1),
        (2, 2),
        (3, 4),
        (7, 8),
        (9.5, 10),
        (10, 10),
        (11, 20),
        (850, 1000),
    ],
)
def test_an_axis_ends_at_a_round_number(most: float, top: float) -> None:
    assert axis_top(most) == pytest.approx(top)


def test_bars_stand_side_by_side_as_high_as_their_values() -> None:
    found = chart([Bar("none", 0), Bar("some", 20, bad=5), Bar("most", 40, mark="12:00")], str, least_top=2)

    assert [slot.height for slot in found.slots] == [0, 50, 100]
    assert [slot.bad_height for slot in found.slots] == [0, 12.5, 0]
    assert [round(slot.left + slot.width / 2, 1) for slot in found.slots] == [16.7, 50.0, 83.3]
    assert [slot.said for slot in found.slots] == ["none", "some", "most"]
    assert found.lines == ((0.0, "40.0"), (50.0, "20.0"), (100.0, "0.0"))
    assert found.marks == ((66.667, "12:00"),)


def test_nothing_that_went_wrong_is_higher_than_its_bar() -> None:
    (slot,) = chart([Bar("some", 2, bad=3)], str, least_top=2).slots

    assert slot.bad_height == slot.height


def test_a_chart_of_nothing_has_an_axis() -> None:
    found = chart([], str, least_top=2)

    assert (found.slots, found.lines[0]) == ((), (0.0, "2.0"))
