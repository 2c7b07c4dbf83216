"""The benchmark's arithmetic, on made-up readings."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from scripts.benchmark.figures import (
    GOALS,
    ROADS,
    SCENES,
    Figure,
    Goal,
    Spread,
    Verdict,
    added,
    per,
    percentile,
    ratio,
    spread,
    spreads,
    verdict,
)

DIRECT, MITMDUMP, CODEXLB = ROADS


@pytest.mark.parametrize(
    ("ordered", "percent", "expected"),
    [
        pytest.param([], 50, None, id="no-values"),
        pytest.param([7.0], 99, 7.0, id="one-value"),
        pytest.param([1.0, 2.0, 3.0, 4.0], 50, 2.0, id="even-count-takes-the-lower-middle"),
        pytest.param([1.0, 2.0, 3.0], 50, 2.0, id="odd-count-takes-the-middle"),
        pytest.param(range(1, 101), 99, 99, id="99-of-100"),
        pytest.param(range(1, 11), 99, 10, id="few-values-take-the-last"),
        pytest.param([1.0, 2.0], 0, 1.0, id="zero-percent-is-the-first"),
    ],
)
def test_percentile(ordered: Sequence[float], percent: float, expected: float | None) -> None:
    assert percentile(ordered, percent) == expected


@pytest.mark.parametrize(
    ("amount", "count", "scale", "expected"),
    [
        pytest.param(3.0, 2000, 1000, 1.5, id="each-thousand"),
        pytest.param(3.0, 2, 1, 1.5, id="each-one"),
        pytest.param(3.0, 0, 1, None, id="nothing-to-divide-by"),
        pytest.param(None, 2, 1, None, id="unknown-amount"),
    ],
)
def test_per(amount: float | None, count: float, scale: float, expected: float | None) -> None:
    assert per(amount, count, scale) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], None, id="no-rounds"),
        pytest.param([4.0], Spread(4.0, 4.0, 4.0), id="one-round"),
        pytest.param([9.0, 1.0, 2.0], Spread(2.0, 1.0, 9.0), id="an-outlier-moves-the-bound-not-the-median"),
        pytest.param([1.0, 2.0], Spread(1.5, 1.0, 2.0), id="two-rounds"),
    ],
)
def test_spread(values: Sequence[float], expected: Spread | None) -> None:
    assert spread(values) == expected


def test_a_figure_without_rounds_has_no_spread() -> None:
    """A figure that no round gave is left out, not shown as 0."""
    readings = {(Figure.BURST, CODEXLB): [1.0], (Figure.BURST, MITMDUMP): []}

    assert spreads(readings) == {(Figure.BURST, CODEXLB): Spread(1.0, 1.0, 1.0)}


def test_added_is_against_the_direct_road_of_the_same_round() -> None:
    """Only times to the first token are compared with the direct road."""
    found = {
        (Figure.FIRST_30KB_P50, DIRECT): 0.5,
        (Figure.FIRST_30KB_P50, MITMDUMP): 2.0,
        (Figure.FIRST_30KB_P50, CODEXLB): 1.5,
        (Figure.TURNS_30KB, CODEXLB): 900.0,
    }

    assert added(found) == {(Figure.ADDED_30KB_P50, MITMDUMP): 1.5, (Figure.ADDED_30KB_P50, CODEXLB): 1.0}


def test_nothing_is_added_to_an_unknown_time() -> None:
    """Without the direct road there is nothing to compare with."""
    assert added({(Figure.FIRST_30KB_P50, CODEXLB): 1.5}) == {}


def flat(value: float) -> Spread:
    return Spread(value, value, value)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(450.0, 500.0, 0.9, id="both-known"),
        pytest.param(None, 500.0, None, id="ours-unknown"),
        pytest.param(450.0, None, None, id="theirs-unknown"),
        pytest.param(450.0, 0.0, None, id="theirs-nothing"),
    ],
)
def test_ratio(ours: float | None, theirs: float | None, expected: float | None) -> None:
    known = {CODEXLB: ours, MITMDUMP: theirs}
    found = {(Figure.TURNS_30KB, road): flat(value) for road, value in known.items() if value is not None}

    assert ratio(found, Figure.TURNS_30KB) == expected


def test_in_a_scene_the_ratio_is_that_of_both_halves() -> None:
    halves = zip(SCENES, (100.0, 115.0), strict=True)
    found = {(Figure.SMALL_KEYS_P95, half): flat(value) for half, value in halves}

    assert ratio(found, Figure.SMALL_KEYS_P95) == 1.15


LESS = Goal(Figure.CPU_EVENTS, must=18, aim=14)
MORE = Goal(Figure.BURST, must=30_000, aim=60_000)
SHARE = Goal(Figure.TURNS_30KB, must=0.9, of_ratio=True)


@pytest.mark.parametrize(
    ("goal", "ours", "expected"),
    [
        pytest.param(LESS, 13.0, (13.0, True, True), id="less-is-better-aim-met"),
        pytest.param(LESS, 18.0, (18.0, True, False), id="less-is-better-just-met"),
        pytest.param(LESS, 18.1, (18.1, False, False), id="less-is-better-missed"),
        pytest.param(MORE, 60_000.0, (60_000.0, True, True), id="more-is-better-aim-met"),
        pytest.param(MORE, 29_999.0, (29_999.0, False, False), id="more-is-better-missed"),
        pytest.param(MORE, None, (None, None, None), id="not-measured"),
        pytest.param(SHARE, 89.0, (0.89, False, None), id="ratio-missed"),
        pytest.param(SHARE, 90.0, (0.9, True, None), id="ratio-met"),
    ],
)
def test_verdict(goal: Goal, ours: float | None, expected: tuple[float | None, bool | None, bool | None]) -> None:
    found = {(goal.figure, MITMDUMP): flat(100.0)}
    if ours is not None:
        found[goal.figure, CODEXLB] = flat(ours)

    assert verdict(goal, found) == Verdict(goal, *expected)


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.figure.value)
def test_an_aim_is_stricter_than_its_must(goal: Goal) -> None:
    found = {(goal.figure, CODEXLB): flat(goal.aim if goal.aim is not None else goal.must)}
    if not goal.of_ratio:
        assert verdict(goal, found).met
