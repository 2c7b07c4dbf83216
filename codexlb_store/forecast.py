"""How a window will go: what is used of it against an even pace, and when it runs out; pure."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from codexlb_store.windows import Window

ON_TRACK_POINTS = 5.0
"""So far from an even pace, either way, is still on track."""

LATE_PART = 1 / 5
"""The pace of late is that of a fifth of the window: an hour of five, but at most a day."""
MOST_SECONDS = 86_400.0

LEAST_SECONDS = 300.0
"""From less than five minutes nothing follows: whole percents say too little."""

SAME_RESET_SECONDS = 600.0
"""Resets of one window are told minutes apart at most: some answers have them as a length from now."""


class PaceState(enum.StrEnum):
    """Whether a window is used up faster than time passes."""

    ON_TRACK = "on_track"
    AHEAD = "ahead"
    BEHIND = "behind"
    NOT_STARTED = "not_started"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pace:
    """A window against an even pace: how much of its time has passed (percent), how many points use is ahead of that.

    `runs_out_at` (unix seconds) is when it will be used up at the pace of late, None when that is not before its reset
    or not known; `lasts`: it will not be used up before its reset. `age_seconds` is how old the reading is.
    """

    even_percent: float | None
    ahead_percent: float | None
    state: PaceState
    runs_out_at: float | None
    lasts: bool | None
    age_seconds: float


def forecast(window: Window, readings: Iterable[Window], now: float) -> Pace:
    """How a window will go, from its newest reading and earlier ones (of other windows, too: those are left out).

    A window that is over, or of which nothing was used when it was read, has not started.
    """
    age = max(0.0, now - window.read_at)
    if window.resets_at is None:
        state = PaceState.UNKNOWN if window.used_percent else PaceState.NOT_STARTED
        return Pace(None, None, state, None, None, age)
    length = 60.0 * window.minutes
    is_untouched = window.used_percent == 0 and window.resets_at - window.read_at >= length - SAME_RESET_SECONDS
    if window.resets_at <= now or is_untouched:
        return Pace(None, None, PaceState.NOT_STARTED, None, None, age)
    even = min(100.0, max(0.0, 100 * (1 - (window.resets_at - now) / length)))
    ahead = window.used_percent - even
    full_at = _full_at(window, _course(window, window.resets_at - length, readings))
    lasts = None if full_at is None else full_at >= window.resets_at
    runs_out_at = max(now, full_at) if full_at is not None and not lasts else None
    return Pace(even, ahead, _state(ahead), runs_out_at, lasts, age)


def _state(ahead: float) -> PaceState:
    if abs(ahead) <= ON_TRACK_POINTS:
        return PaceState.ON_TRACK
    return PaceState.AHEAD if ahead > 0 else PaceState.BEHIND


def _course(window: Window, began_at: float, readings: Iterable[Window]) -> list[Window]:
    """The readings of this very window in order, from its beginning or from when its use last dropped."""
    start = replace(window, used_percent=0.0, read_at=min(began_at, window.read_at))
    earlier = [reading for reading in readings if _is_same(reading, window) and reading.read_at < window.read_at]
    course = [start]
    for reading in (*sorted(earlier, key=lambda one: one.read_at), window):
        if reading.used_percent < course[-1].used_percent:
            course = []
        course.append(reading)
    return course


def _is_same(reading: Window, window: Window) -> bool:
    if (reading.account_id, reading.minutes) != (window.account_id, window.minutes):
        return False
    if reading.resets_at is None or window.resets_at is None:
        return False
    return abs(reading.resets_at - window.resets_at) <= SAME_RESET_SECONDS


def _full_at(window: Window, course: Sequence[Window]) -> float | None:
    """When a window is used up at its pace of late (unix seconds; never: infinity); None is unknown."""
    if window.used_percent >= 100:
        return window.read_at
    late = window.read_at - min(MOST_SECONDS, LATE_PART * 60 * window.minutes)
    before = [reading for reading in course if reading.read_at <= late]
    base = before[-1] if before else course[0]
    seconds, points = window.read_at - base.read_at, window.used_percent - base.used_percent
    if seconds < LEAST_SECONDS:
        return None
    return math.inf if points <= 0 else window.read_at + (100 - window.used_percent) * seconds / points
