"""The pool's limits as Codex reads them: PoolLimits in, rate-limit headers and the page of `wham/usage` out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from addons.wire.answers import JSON, Answer
from codexlb_store.pool_limits import PoolLimits, PoolWindow

PLACES = ("primary", "secondary")
"""Codex has room for two windows, and reads from each how long it is."""

OWN_NAME = "codex-lb"
"""Whose usage it is: nobody's account is named to the holder of a key."""

UNKNOWN_PLAN = "unknown"

NO_STORE = ("cache-control", "no-store")

_ROUNDING = 1e-6
"""What a mean of whole percents may miss them by."""

OF_ONE_ACCOUNT = re.compile(
    rb"x-.+-(?:primary|secondary|credits)-.+"
    rb"|x-.+-limit-name"
    rb"|x-codex-(?:active-limit|plan-type|promo-message|rate-limit-reached-type)",
    re.IGNORECASE,
)
"""Headers in which the upstream tells the serving account of its limits, of those of single models too, of its credits
and of what it could buy: nothing of it holds for the pool."""

Fields = Sequence[tuple[bytes, bytes]]


def whole_percent(percent: float) -> int:
    """Rounded down: 100 is said only when nothing is left. Codex reads a whole number on its usage page."""
    return math.floor(percent + _ROUNDING)


def headers_of_limits(limits: PoolLimits) -> tuple[tuple[str, str], ...]:
    """The rate-limit headers; a reset that nobody knows is left out."""
    pairs = zip(PLACES, limits.shown, strict=False)  # a pool may have one window only
    return tuple(header for place, window in pairs for header in _headers_of_window(f"x-codex-{place}", window))


def with_limits(fields: Fields, limits: Fields) -> tuple[tuple[bytes, bytes], ...] | None:
    """A head with the pool's rate-limit headers in the place of one account's; None where it has none of those.

    All others stay as they are, where they are.
    """
    kept = [field for field in fields if not (field[0][:2] in (b"x-", b"X-") and OF_ONE_ACCOUNT.fullmatch(field[0]))]
    if len(kept) == len(fields):
        return None
    place = next(at for at, field in enumerate(fields) if at == len(kept) or field is not kept[at])
    return (*kept[:place], *limits, *kept[place:])


def usage_page(limits: PoolLimits, now: float) -> Answer:
    """The answer of `wham/usage` about the pool at `now` (unix seconds)."""
    windows = [*limits.shown, None, None]
    rate_limit = {
        "allowed": limits.is_allowed,
        "limit_reached": limits.is_used_up,
        **{f"{place}_window": _page_of_window(window, now) for place, window in zip(PLACES, windows, strict=False)},
    }
    page = {
        "user_id": OWN_NAME,
        "account_id": OWN_NAME,
        "email": "",
        "plan_type": limits.plan or UNKNOWN_PLAN,
        "rate_limit": rate_limit,
        "code_review_rate_limit": None,
        "additional_rate_limits": None,
        "credits": None,  # nobody adds up what single accounts have bought
        "rate_limit_reached_type": {"type": "rate_limit_reached"} if limits.is_used_up else None,
    }
    return Answer(200, (JSON, NO_STORE), msgspec.json.encode(page))


def _headers_of_window(prefix: str, window: PoolWindow) -> tuple[tuple[str, str], ...]:
    used = (f"{prefix}-used-percent", str(whole_percent(window.used_percent)))
    minutes = (f"{prefix}-window-minutes", str(window.minutes))
    if window.resets_at is None:
        return used, minutes
    return used, minutes, (f"{prefix}-reset-at", str(math.ceil(window.resets_at)))


def _page_of_window(window: PoolWindow | None, now: float) -> dict[str, Any] | None:
    """Codex reads whole numbers only and wants a reset: one that begins now would end when a whole window is over,
    which is what the upstream says of an unused one."""
    if window is None:
        return None
    reset = now + 60 * window.minutes if window.resets_at is None else window.resets_at
    return {
        "used_percent": whole_percent(window.used_percent),
        "limit_window_seconds": 60 * window.minutes,
        "reset_after_seconds": math.ceil(reset - now),
        "reset_at": math.ceil(reset),
    }
