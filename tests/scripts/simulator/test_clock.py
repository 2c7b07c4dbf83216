from __future__ import annotations

import pytest

from scripts.simulator.clock import Clock


@pytest.mark.parametrize(
    ("speed", "minutes", "seconds"),
    [(1, 300, 18_000), (600, 300, 30), (600, 10_080, 1_008), (0.5, 1, 120)],
)
def test_a_window_lasts_its_minutes_divided_by_the_speed(speed: float, minutes: int, seconds: float) -> None:
    assert Clock(speed).window_seconds(minutes) == seconds


def test_moments_come_from_the_source_whatever_the_speed() -> None:
    assert Clock(600, lambda: 1_000.0).now() == 1_000.0


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_time_cannot_stand_still_or_run_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match=f"not {speed}"):
        Clock(speed)
