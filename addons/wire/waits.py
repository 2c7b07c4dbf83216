"""How long an upstream wants to be left alone: what it said in, seconds or a full window out; nonsense is None."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import re
from collections.abc import Sequence

from addons.wire.errors import UpstreamError
from codexlb_store.windows import Window, used_now

# The longest window is a month. What lies further ahead is garbage, and would lock an account out for good.
_FURTHEST_SECONDS = 32 * 86400.0

_FULL_PERCENT = 100.0

# The windows there are, shortest first: five hours, a week, a month.
_WINDOW_MINUTES = (300, 10080, 43200)

# The same reset told twice differs by rounding and by clocks.
_SLACK_SECONDS = 300.0

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milli|s|m|h|d)[a-z]*[ ,]*(?:and )?", re.I)
_TRY_AGAIN = re.compile(rf"try again in\s*((?:{_PART.pattern})+)", re.I)

# Codex reads seconds and milliseconds; the API's sentences also have minutes and hours, as "6m0s".
_SECONDS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclasses.dataclass(frozen=True, slots=True)
class FullWindow:
    """A window that is used up: its reset (unix seconds, None if unknown) and its length."""

    resets_at: float | None
    minutes: int


def wait_of(retry_after: str | None, message: str | None, now: float) -> float | None:
    """Seconds to wait, from a Retry-After header (seconds or a date) or else from a sentence like "try again in 2s".

    A date that has passed tells nothing: one of the two clocks is wrong.
    """
    seconds = _seconds_of_header(retry_after or "", now)
    if seconds is None:
        seconds = _seconds_of_sentence(message or "")
    return seconds if seconds is not None and 0 <= seconds <= _FURTHEST_SECONDS else None


def full_window(told: UpstreamError, windows: Sequence[Window], now: float) -> FullWindow | None:
    """Which window is full and until when: by the reset that the error names, else by the account's readings."""
    full = [window for window in windows if used_now(window, now) >= _FULL_PERCENT]
    resets_at = _ahead(told.resets_at, now) or _ahead(now + (told.resets_in_seconds or 0), now)
    if resets_at is not None:
        return FullWindow(resets_at, _minutes_of(resets_at, windows, full, now))
    if not full:
        return None
    last = max(full, key=lambda window: (window.resets_at or 0, window.minutes))
    return FullWindow(last.resets_at, last.minutes)


def _minutes_of(resets_at: float, windows: Sequence[Window], full: Sequence[Window], now: float) -> int:
    """The window that resets then: a known one, else the shortest that can last so long."""
    known = [w for w in windows if w.resets_at is not None and abs(w.resets_at - resets_at) <= _SLACK_SECONDS]
    known += [w for w in full if w.resets_at is None]
    if known:
        return max(known, key=lambda window: window.used_percent).minutes
    fitting = (minutes for minutes in _WINDOW_MINUTES if resets_at - now <= minutes * 60 + _SLACK_SECONDS)
    return next(fitting, _WINDOW_MINUTES[-1])


def _ahead(moment: float | None, now: float) -> float | None:
    """The moment (unix seconds) if it lies ahead and no more than a month away."""
    return moment if moment is not None and now < moment <= now + _FURTHEST_SECONDS else None


def _seconds_of_header(text: str, now: float) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = _ahead(date.replace(tzinfo=date.tzinfo or datetime.UTC).timestamp(), now)
    return None if moment is None else moment - now


def _seconds_of_sentence(text: str) -> float | None:
    found = _TRY_AGAIN.search(text[:1000])
    if found is None:
        return None
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in _PART.findall(found[1]))
