"""Usage windows: they start at the first use, fill with weighted tokens, and empty at their reset."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Window:
    """One usage window of an account.

    `capacity` and `used` are weighted tokens, `seconds` its length on the wall clock, `resets_at` unix
    seconds or None while nobody has used it since the last reset.
    """

    minutes: int
    seconds: float
    capacity: float
    used: float = 0.0
    resets_at: float | None = None


def rolled(window: Window, now: float) -> Window:
    """The window as it stands now: empty and not started once its reset has passed."""
    if window.resets_at is not None and now >= window.resets_at:
        return replace(window, used=0.0, resets_at=None)
    return window


def spent(window: Window, weighted_tokens: float, now: float) -> Window:
    """The window after a use, which starts it if it was not running."""
    window = rolled(window, now)
    resets_at = now + window.seconds if window.resets_at is None else window.resets_at
    return replace(window, used=window.used + weighted_tokens, resets_at=resets_at)


def set_to(window: Window, used_percent: float, now: float, resets_at: float | None = None) -> Window:
    """The window filled to a percentage; a running reset is kept unless another is given."""
    window = rolled(window, now)
    moment = next(m for m in (resets_at, window.resets_at, now + window.seconds) if m is not None)
    return replace(window, used=window.capacity * used_percent / 100, resets_at=moment)


def is_full(window: Window) -> bool:
    return window.used >= window.capacity


def used_percent(window: Window) -> int:
    """Whole percent, rounded down: 100 is said only when nothing is left."""
    return min(100, math.floor(100 * window.used / window.capacity))


def reset_moment(window: Window, now: float) -> float:
    """When it resets; a window that nobody uses would last its whole length from now."""
    return now + window.seconds if window.resets_at is None else window.resets_at


def blocked_until(windows: Iterable[Window]) -> float | None:
    """The latest reset among the full windows, None if none is full."""
    return max((w.resets_at for w in windows if is_full(w) and w.resets_at is not None), default=None)


def window_headers(windows: Iterable[Window], now: float) -> dict[str, str]:
    """The rate-limit headers of an answer; the shortest window is the primary one."""
    headers: dict[str, str] = {}
    for position, window in zip(("primary", "secondary"), windows, strict=False):
        prefix = f"x-codex-{position}-"
        headers[prefix + "used-percent"] = str(used_percent(window))
        headers[prefix + "window-minutes"] = str(window.minutes)
        headers[prefix + "reset-at"] = str(math.ceil(reset_moment(window, now)))
    return headers


def window_json(window: Window, now: float) -> dict[str, Any]:
    """The window as `wham/usage` tells it."""
    reset = reset_moment(window, now)
    return {
        "used_percent": used_percent(window),
        "limit_window_seconds": window.minutes * 60,
        "reset_after_seconds": math.ceil(reset - now),
        "reset_at": math.ceil(reset),
    }
