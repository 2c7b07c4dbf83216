from __future__ import annotations

import pytest

from scripts.simulator import windows
from scripts.simulator.windows import Window

NOW = 1_000.0
FRESH = Window(minutes=300, seconds=18_000, capacity=200)


def test_a_window_starts_at_its_first_use() -> None:
    used = windows.spent(FRESH, 50, NOW)

    assert (used.used, used.resets_at) == (50, NOW + 18_000)


def test_later_uses_leave_the_reset_alone() -> None:
    used = windows.spent(windows.spent(FRESH, 50, NOW), 50, NOW + 60)

    assert (used.used, used.resets_at) == (100, NOW + 18_000)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(NOW + 17_999, Window(300, 18_000, 200, 50, NOW + 18_000), id="before the reset"),
        pytest.param(NOW + 18_000, FRESH, id="at the reset"),
    ],
)
def test_a_window_is_empty_and_stopped_from_its_reset_on(now: float, expected: Window) -> None:
    assert windows.rolled(windows.spent(FRESH, 50, NOW), now) == expected


@pytest.mark.parametrize(
    ("used", "percent", "full"), [(0, 0, False), (199.9, 99, False), (200, 100, True), (500, 100, True)]
)
def test_percent_is_rounded_down_so_that_100_means_full(used: float, percent: int, full: bool) -> None:
    window = Window(300, 18_000, 200, used)

    assert (windows.used_percent(window), windows.is_full(window)) == (percent, full)


@pytest.mark.parametrize(
    ("window", "resets_at", "expected"),
    [
        pytest.param(FRESH, None, NOW + 18_000, id="starts a fresh one"),
        pytest.param(Window(300, 18_000, 200, 1, NOW + 5), None, NOW + 5, id="keeps a running reset"),
        pytest.param(Window(300, 18_000, 200, 1, NOW + 5), NOW + 9, NOW + 9, id="moves the reset"),
    ],
)
def test_a_window_can_be_set(window: Window, resets_at: float | None, expected: float) -> None:
    assert windows.set_to(window, 90, NOW, resets_at) == Window(300, 18_000, 200, 180, expected)


def test_an_account_is_blocked_until_the_last_full_window_resets() -> None:
    full, later, room = Window(1, 60, 1, 1, 10), Window(2, 120, 1, 1, 20), Window(3, 180, 9, 1, 30)

    assert windows.blocked_until((full, later, room)) == 20
    assert windows.blocked_until((room, FRESH)) is None


def test_headers_name_the_shortest_window_primary() -> None:
    week = Window(10_080, 604_800, 100, 34, NOW + 0.5)

    assert windows.window_headers((FRESH, week), NOW) == {
        "x-codex-primary-used-percent": "0",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": "19000",
        "x-codex-secondary-used-percent": "34",
        "x-codex-secondary-window-minutes": "10080",
        "x-codex-secondary-reset-at": "1001",
    }


def test_a_window_in_wham_usage() -> None:
    assert windows.window_json(windows.spent(FRESH, 24, NOW), NOW + 9_000) == {
        "used_percent": 12,
        "limit_window_seconds": 18_000,
        "reset_after_seconds": 9_000,
        "reset_at": 19_000,
    }
