from __future__ import annotations

import pytest
from sqlite_utils import Database

from codexlb_store.windows import Window, load_windows, save_windows, used_now


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
