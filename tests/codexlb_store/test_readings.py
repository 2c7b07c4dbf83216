"""The history keeps every reading for a day, and then fewer the older they are."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from sqlite_utils import Database

from codexlb_store.readings import DAY, HOUR, MINUTE, load_readings, thin_readings
from codexlb_store.windows import Window, save_windows

NOW = 20_000 * DAY
"""The first moment of a day, an hour and ten minutes."""


def reading(read_at: float, percent: float = 50.0, account: str = "a", minutes: int = 300) -> Window:
    return Window(account, minutes, percent, None, read_at)


def append(db: Database, readings: Iterable[Window]) -> None:
    for window in readings:
        save_windows(db, [window])


def ages(db: Database, account: str = "a") -> list[float]:
    """How old the readings of an account are, in seconds, oldest first."""
    return [NOW - window.read_at for window in load_readings(db, account, since=0.0)]


def test_every_reading_that_is_taken_over_is_kept(db: Database) -> None:
    save_windows(db, [reading(10.0, 1.0), reading(10.0, 2.0, minutes=10080)])
    save_windows(db, [reading(20.0, 3.0), reading(25.0, 4.0)])
    save_windows(db, [reading(15.0, 9.0), reading(30.0, 5.0)])  # the first of them comes too late
    save_windows(db, [reading(30.0, 6.0), reading(30.0, 7.0, account="b")])

    assert load_readings(db, "a", since=0.0) == [
        reading(10.0, 1.0), reading(20.0, 3.0), reading(25.0, 4.0), reading(30.0, 6.0),
        reading(10.0, 2.0, minutes=10080),
    ]  # fmt: skip
    assert load_readings(db, "a", since=25.0) == [reading(25.0, 4.0), reading(30.0, 6.0)]
    assert load_readings(db, "b", since=0.0) == [reading(30.0, 7.0, account="b")]
    assert load_readings(db, "c", since=0.0) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # ages in seconds; NOW begins a stretch of each length
        pytest.param([], [], id="nothing"),
        pytest.param([DAY - 1, DAY - 2, DAY - 3], [DAY - 1, DAY - 2, DAY - 3], id="a day: all"),
        pytest.param([DAY + 60, DAY + 30, DAY + 1], [DAY + 1], id="a week: the last of ten minutes"),
        pytest.param([DAY + 601, DAY + 600], [DAY + 601, DAY + 600], id="a week: each of its own ten minutes"),
        pytest.param([DAY + 60, DAY - 60], [DAY + 60, DAY - 60], id="a week: either side of ten minutes' end"),
        pytest.param([7 * DAY, 7 * DAY - 2], [7 * DAY - 2], id="a week is over: by the hour"),
        pytest.param([8 * DAY + 50 * MINUTE, 8 * DAY + 1], [8 * DAY + 1], id="90 days: the last of an hour"),
        pytest.param([8 * DAY + HOUR + 1, 8 * DAY + 1], [8 * DAY + HOUR + 1, 8 * DAY + 1], id="90 days: two hours"),
        pytest.param([91 * DAY + 20 * HOUR, 91 * DAY + 1], [91 * DAY + 1], id="400 days: the last of a day"),
        pytest.param([92 * DAY + 1, 91 * DAY + 1], [92 * DAY + 1, 91 * DAY + 1], id="400 days: two days"),
        pytest.param([401 * DAY, 400 * DAY, 400 * DAY - 1], [400 * DAY - 1], id="older: none"),
        pytest.param([500 * DAY], [], id="older: not even the only one"),
    ],
)
def test_what_stays(before: list[float], after: list[float], db: Database) -> None:
    append(db, [reading(NOW - age) for age in before])

    assert thin_readings(db, NOW) == len(before) - len(after)
    assert ages(db) == after


def test_every_window_of_every_account_is_thinned_by_itself(db: Database) -> None:
    kept = [reading(NOW - DAY - 5, minutes=minutes, account=name) for name in "ab" for minutes in (300, 10080)]
    append(db, [Window(w.account_id, w.minutes, 1.0, None, w.read_at - 5) for w in kept])
    append(db, kept)

    assert thin_readings(db, NOW) == len(kept)
    assert [*load_readings(db, "a", 0.0), *load_readings(db, "b", 0.0)] == kept


def stretch(age: float) -> float:
    """Of how many seconds one reading stays that is so old."""
    return 10 * MINUTE if age < 7 * DAY else HOUR if age < 90 * DAY else DAY


def expected(moments: Iterable[float], now: float) -> list[float]:
    """What is left in the end, worked out without a database."""
    moments = sorted(moments)
    found = []
    for place, moment in enumerate(moments):
        age = now - moment
        end = (moment // stretch(age) + 1) * stretch(age)
        is_last = place + 1 == len(moments) or moments[place + 1] >= end
        if age < DAY or (age < 400 * DAY and is_last):
            found.append(moment)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_small_steps_end_where_it_should_and_lose_no_last_of_a_stretch(seed: int, db: Database) -> None:
    """However many calls it takes and however the time passes meanwhile."""
    rng = random.Random(seed)
    moments = sorted(NOW - 420 * DAY * rng.random() ** 3 for _ in range(3000))
    append(db, [reading(moment) for moment in moments])
    for now in (NOW, NOW + 3 * DAY, NOW + 50 * DAY):
        left = expected(moments, now)
        while deleted := thin_readings(db, now, most_rows=200):
            assert deleted <= 200
            held = [window.read_at for window in load_readings(db, "a", 0.0)]
            assert set(left) <= set(held)
        assert [window.read_at for window in load_readings(db, "a", 0.0)] == left


def test_one_call_does_a_bounded_amount_of_work(db: Database) -> None:
    append(db, [reading(NOW - age) for age in (500 * DAY, 499 * DAY, 95 * DAY, 95 * DAY - 1, 95 * DAY - 2)])

    assert [thin_readings(db, NOW, most_rows=3) for _ in range(3)] == [3, 1, 0]
