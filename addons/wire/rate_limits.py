"""How much of its windows an account has used: headers, stream events and the usage page in, Windows out.

Only the default limits are read, not those of single models or features (`x-<limit-id>-primary-...`), which
say nothing about whether the account can serve. A window is known by its length, never by being called primary.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping

import msgspec

from addons.wire.lenient import NULL, read_or_none
from codexlb_store.windows import Window

_PREFIX = "x-codex-"

# The longest window is a month. A reset further away is garbage, and would lock an account out for years.
_MAX_AHEAD_SECONDS = 400 * 86400


@dataclasses.dataclass(frozen=True, slots=True)
class UsageReading:
    """What the usage page says of an account: its plan and its windows."""

    plan: str
    windows: tuple[Window, ...]


class _Window(msgspec.Struct):
    """One window in JSON: events give minutes, the usage page seconds."""

    used_percent: float | None = None
    window_minutes: float | None = None
    limit_window_seconds: float | None = None
    reset_at: float | None = None
    reset_after_seconds: float | None = None


class _Limits(msgspec.Struct):
    primary: msgspec.Raw = NULL
    secondary: msgspec.Raw = NULL
    primary_window: msgspec.Raw = NULL
    secondary_window: msgspec.Raw = NULL


class _Event(msgspec.Struct):
    rate_limits: msgspec.Raw = NULL
    metered_limit_name: str | None = None
    limit_name: str | None = None
    limit_id: str | None = None


class _Page(msgspec.Struct):
    plan_type: str
    rate_limit: msgspec.Raw = NULL


_WINDOW = msgspec.json.Decoder(_Window)
_LIMITS = msgspec.json.Decoder(_Limits)
_EVENT = msgspec.json.Decoder(_Event)
_PAGE = msgspec.json.Decoder(_Page)


def windows_of_headers(account_id: str, headers: Iterable[tuple[str, str]], now: float) -> tuple[Window, ...]:
    """Read the windows in an answer's headers; older answers have `reset-after-seconds` for `reset-at`."""
    values = {name.lower(): value for name, value in headers if name.lower().startswith(_PREFIX)}
    found = (_window_of_headers(values, f"{_PREFIX}{position}-") for position in ("primary", "secondary"))
    return _windows(account_id, found, now)


def windows_of_event(account_id: str, payload: bytes, now: float) -> tuple[Window, ...]:
    """Read the windows in a `codex.rate_limits` event, given its JSON."""
    event = read_or_none(_EVENT, payload)
    return _windows(account_id, _of_limits(event.rate_limits), now) if event and _is_default(event) else ()


def is_default_limit(payload: bytes) -> bool:
    """Tell whether a `codex.rate_limits` event is about the account's default limits."""
    event = read_or_none(_EVENT, payload)
    return event is not None and _is_default(event)


def windows_of_usage(account_id: str, page: bytes, now: float) -> UsageReading:
    """Read the plan and the windows in the answer of `wham/usage`; raises ValueError if it is not one."""
    try:
        usage = _PAGE.decode(page)
    except (ValueError, RecursionError) as error:
        raise ValueError("The answer is not a usage page: no JSON object with a plan in it.") from error
    return UsageReading(usage.plan_type, _windows(account_id, _of_limits(usage.rate_limit), now))


def _is_default(event: _Event) -> bool:
    return (event.metered_limit_name or event.limit_name or event.limit_id or "codex") == "codex"


def _of_limits(data: msgspec.Raw) -> tuple[_Window | None, ...]:
    limits = read_or_none(_LIMITS, data) or _Limits()
    parts = (limits.primary, limits.secondary, limits.primary_window, limits.secondary_window)
    return tuple(read_or_none(_WINDOW, part) for part in parts)


def _window_of_headers(values: Mapping[str, str], prefix: str) -> _Window:
    return _Window(
        used_percent=_number(values.get(prefix + "used-percent")),
        window_minutes=_number(values.get(prefix + "window-minutes")),
        reset_at=_number(values.get(prefix + "reset-at")),
        reset_after_seconds=_number(values.get(prefix + "reset-after-seconds")),
    )


def _windows(account_id: str, found: Iterable[_Window | None], now: float) -> tuple[Window, ...]:
    windows = (_window(account_id, window, now) for window in found if window)
    return tuple(sorted((window for window in windows if window), key=lambda window: window.minutes))


def _window(account_id: str, window: _Window, now: float) -> Window | None:
    minutes = window.window_minutes or (window.limit_window_seconds or 0) / 60
    used = -1 if window.used_percent is None else window.used_percent
    if not (used >= 0 and 0 < minutes * 60 < _MAX_AHEAD_SECONDS):
        return None
    return Window(account_id, math.ceil(minutes), min(used, 100.0), _reset(window, now), now)


def _reset(window: _Window, now: float) -> float | None:
    reset = window.reset_at
    if reset is None and window.reset_after_seconds is not None:
        reset = now + window.reset_after_seconds
    return reset if reset is not None and 0 < reset < now + _MAX_AHEAD_SECONDS else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
