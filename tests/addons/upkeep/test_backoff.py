"""Pauses double up to a minute, and chance keeps them apart."""

from __future__ import annotations

import pytest

from addons.upkeep.backoff import pause_seconds


@pytest.mark.parametrize(
    ("failures", "draw", "expected"),
    [
        pytest.param(1, 0.0, 5.0, id="first"),
        pytest.param(2, 0.0, 10.0, id="second"),
        pytest.param(4, 0.0, 40.0, id="fourth"),
        pytest.param(5, 0.0, 60.0, id="a minute at most"),
        pytest.param(5_000, 0.0, 60.0, id="however often"),
        pytest.param(1, 1.0, 4.0, id="first, least"),
        pytest.param(5, 0.5, 54.0, id="in the middle"),
    ],
)
def test_pauses(failures: int, draw: float, expected: float) -> None:
    assert pause_seconds(failures, draw) == pytest.approx(expected)


def test_they_may_begin_shorter() -> None:
    assert [pause_seconds(failures, 0.0, 0.5) for failures in (1, 2, 9)] == [0.5, 1.0, 60.0]
