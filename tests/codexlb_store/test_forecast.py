from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codexlb_store.forecast import Pace, PaceState, forecast
from codexlb_store.windows import Window

HOUR = 3600.0
NOW = 1_000_000.0
FIVE_HOURS = Window("a1", 300, 40.0, resets_at=NOW + 3 * HOUR, read_at=NOW)
"""Two of its five hours have passed, and two fifths of it are used."""
WEEK = Window("a1", 10_080, 50.0, resets_at=NOW + 84 * HOUR, read_at=NOW)
"""Half of it has passed, and half of it is used."""


def read(window: Window, hours_ago: float, used: float, **more: Any) -> Window:
    """That window, as it was read then; what else is named was different."""
    return replace(window, used_percent=used, read_at=NOW - hours_ago * HOUR, **more)


@pytest.mark.parametrize(
    ("used", "ahead", "state"),
    [
        pytest.param(40.0, 0.0, PaceState.ON_TRACK, id="even"),
        pytest.param(45.0, 5.0, PaceState.ON_TRACK, id="a little ahead"),
        pytest.param(35.0, -5.0, PaceState.ON_TRACK, id="a little behind"),
        pytest.param(45.5, 5.5, PaceState.AHEAD, id="ahead"),
        pytest.param(34.5, -5.5, PaceState.BEHIND, id="behind"),
        pytest.param(100.0, 60.0, PaceState.AHEAD, id="used up"),
        pytest.param(0.0, -40.0, PaceState.BEHIND, id="unused though it runs"),
    ],
)
def test_use_is_held_against_an_even_pace(used: float, ahead: float, state: PaceState) -> None:
    pace = forecast(replace(FIVE_HOURS, used_percent=used), [], NOW)

    assert (pace.even_percent, pace.ahead_percent) == pytest.approx((40.0, ahead))
    assert pace.state is state


@pytest.mark.parametrize(
    ("window", "state"),
    [
        pytest.param(replace(FIVE_HOURS, resets_at=NOW), PaceState.NOT_STARTED, id="it is over"),
        pytest.param(
            replace(FIVE_HOURS, used_percent=0.0, resets_at=None), PaceState.NOT_STARTED, id="no reset, no use"
        ),
        pytest.param(
            replace(FIVE_HOURS, used_percent=0.0, resets_at=NOW + 5 * HOUR), PaceState.NOT_STARTED, id="all of it ahead"
        ),
        pytest.param(replace(FIVE_HOURS, resets_at=None), PaceState.UNKNOWN, id="no reset known"),
    ],
)
def test_of_what_has_not_begun_nothing_is_foretold(window: Window, state: PaceState) -> None:
    assert forecast(window, [], NOW) == Pace(None, None, state, None, None, 0.0)


@pytest.mark.parametrize(
    ("window", "readings", "runs_out_in_hours", "lasts"),
    [
        pytest.param(FIVE_HOURS, [], None, True, id="alone: an even pace from its beginning"),
        pytest.param(replace(FIVE_HOURS, used_percent=60.0), [], 4 / 3, False, id="alone: fast from its beginning"),
        pytest.param(FIVE_HOURS, [read(FIVE_HOURS, 1, 10)], 2.0, False, id="faster of late"),
        pytest.param(FIVE_HOURS, [read(FIVE_HOURS, 1, 39)], None, True, id="slower of late"),
        pytest.param(FIVE_HOURS, [read(FIVE_HOURS, 1, 40)], None, True, id="idle of late"),
        pytest.param(
            FIVE_HOURS, [read(FIVE_HOURS, 0.5, 38), read(FIVE_HOURS, 1.5, 0), read(FIVE_HOURS, 1, 10)], 2.0, False,
            id="in any order, from the latest that is an hour old",
        ),
        pytest.param(
            FIVE_HOURS, [read(FIVE_HOURS, 1.5, 70), read(FIVE_HOURS, 0.5, 15)], 1.2, False, id="begun anew by a drop"
        ),
        pytest.param(FIVE_HOURS, [read(FIVE_HOURS, 0.5, 70)], None, None, id="a drop only just now"),
        pytest.param(
            FIVE_HOURS, [read(FIVE_HOURS, 2.5, 90, resets_at=NOW - 2 * HOUR)], None, True, id="not of the one before"
        ),
        pytest.param(
            FIVE_HOURS, [read(FIVE_HOURS, 1, 10, resets_at=FIVE_HOURS.resets_at and FIVE_HOURS.resets_at + 60)], 2.0,
            False, id="a reset that is told a minute apart is the same",
        ),
        pytest.param(FIVE_HOURS, [read(FIVE_HOURS, 1, 10, resets_at=None)], None, True, id="not without a reset"),
        pytest.param(FIVE_HOURS, [read(WEEK, 1, 10)], None, True, id="not of another length"),
        pytest.param(
            FIVE_HOURS, [replace(read(FIVE_HOURS, 1, 10), account_id="b")], None, True, id="not of another account"
        ),
        pytest.param(FIVE_HOURS, [read(FIVE_HOURS, -1, 90)], None, True, id="nothing later than it"),
        pytest.param(WEEK, [read(WEEK, 24, 10), read(WEEK, 80, 9)], 30.0, False, id="of a week a day"),
        pytest.param(replace(FIVE_HOURS, used_percent=100.0), [], 0.0, False, id="used up"),
        pytest.param(
            Window("a1", 300, 3.0, resets_at=NOW + 5 * HOUR - 120, read_at=NOW), [], None, None, id="just begun"
        ),
    ],
)  # fmt: skip
def test_when_it_runs_out_at_the_pace_of_late(
    window: Window, readings: list[Window], runs_out_in_hours: float | None, lasts: bool | None
) -> None:
    pace = forecast(window, readings, NOW)

    in_hours = None if pace.runs_out_at is None else (pace.runs_out_at - NOW) / HOUR
    assert in_hours == pytest.approx(runs_out_in_hours)
    assert pace.lasts is lasts


def test_what_should_have_run_out_since_it_was_read_runs_out_now() -> None:
    old = replace(FIVE_HOURS, used_percent=98.0, read_at=NOW - HOUR)

    pace = forecast(old, [], NOW)

    assert (pace.age_seconds, pace.runs_out_at, pace.lasts) == (HOUR, NOW, False)


def test_a_reading_from_ahead_of_the_clock_is_fresh() -> None:
    assert forecast(replace(FIVE_HOURS, read_at=NOW + 5), [], NOW).age_seconds == 0
