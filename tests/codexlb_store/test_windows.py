from __future__ import annotations

import pytest
from sqlite_utils import Database

from codexlb_store.windows import (
    SAME_READING_SECONDS,
    Window,
    is_news,
    load_windows,
    newest,
    save_windows,
    used_now,
)

NOW = 1000.0


def reading(percent: float, read_at: float, minutes: int = 300, resets_at: float | None = NOW + 600) -> Window:
    return Window("a", minutes, percent, resets_at, read_at)


@pytest.mark.parametrize(
    ("resets_at", "used"),
    [
        pytest.param(101.0, 80.0, id="reset ahead"),
        pytest.param(100.0, 0.0, id="reset now"),
        pytest.param(99.0, 0.0, id="reset passed"),
        pytest.param(None, 80.0, id="reset unknown"),
    ],
)
def test_a_window_is_empty_once_its_reset_has_passed(resets_at: float | None, used: float) -> None:
    assert used_now(Window("a", 300, 80.0, resets_at, read_at=1.0), now=100.0) == used


@pytest.mark.parametrize(
    ("known", "read", "expected"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([], [reading(1, 5)], [reading(1, 5)], id="first"),
        pytest.param([reading(1, 5)], [reading(2, 6)], [reading(2, 6)], id="newer"),
        pytest.param([reading(1, 5)], [reading(2, 4)], [reading(1, 5)], id="older"),
        pytest.param([reading(1, 5)], [reading(2, 5)], [reading(2, 5)], id="of two at once the one read last"),
        pytest.param(
            [reading(1, 5, 10080)], [reading(2, 4, 300)], [reading(2, 4, 300), reading(1, 5, 10080)],
            id="shortest first, each by itself",
        ),
        pytest.param([reading(1, 5)], [reading(2, 7), reading(3, 6)], [reading(2, 7)], id="two readings"),
    ],
)  # fmt: skip
def test_of_each_window_the_latest_reading_counts(
    known: list[Window], read: list[Window], expected: list[Window]
) -> None:
    assert newest(known, read) == tuple(expected)


@pytest.mark.parametrize(
    ("known", "read", "expected"),
    [
        pytest.param([], reading(1, 5), True, id="first"),
        pytest.param([reading(1, 5, 10080)], reading(1, 5), True, id="another window"),
        pytest.param([reading(1, 5)], reading(1, 6), False, id="same"),
        pytest.param([reading(1, 5)], reading(1, 4.9 + SAME_READING_SECONDS), False, id="same for a while"),
        pytest.param([reading(1, 5)], reading(1, 5 + SAME_READING_SECONDS), True, id="same for long"),
        pytest.param([reading(1, 5)], reading(2, 6), True, id="more used"),
        pytest.param([reading(1, 5)], reading(1, 6, resets_at=NOW + 700), True, id="another reset"),
        pytest.param([reading(1, 5, resets_at=None)], reading(1, 6), True, id="a reset"),
    ],
)
def test_a_reading_is_news_when_it_says_something_else(known: list[Window], read: Window, expected: bool) -> None:
    assert is_news(known, read) is expected


def test_windows_come_back_by_account_shortest_first(db: Database) -> None:
    week = Window("a", 10080, 12.5, 900.0, 10.0)
    hours = Window("a", 300, 50.0, None, 10.0)
    other = Window("b", 43200, 1.0, 900.0, 10.0)
    save_windows(db, [week, hours, other])

    assert load_windows(db) == {"a": (hours, week), "b": (other,)}


def test_the_newest_reading_wins(db: Database) -> None:
    newest = Window("a", 300, 60.0, 900.0, read_at=20.0)
    save_windows(db, [Window("a", 300, 50.0, 800.0, read_at=10.0), newest])
    save_windows(db, [Window("a", 300, 40.0, 800.0, read_at=15.0)])

    assert load_windows(db) == {"a": (newest,)}


def test_no_reading_is_no_change(db: Database) -> None:
    save_windows(db, [])

    assert load_windows(db) == {}
