"""How a verdict is told: a verdict goes in, a line for people or an object for JSON comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codexlb_store.account_record import window_record
from codexlb_store.quantity import age, duration, percent, window_name
from scripts.glance.verdict import Answer, Asked, Remaining, Verdict

VERSION = 1


def verdict_line(found: Verdict, asked: Asked, names: Mapping[str, str], now: float) -> str:
    """The verdict in one line."""
    if found.answer is Answer.UNAVAILABLE:
        return f"unavailable: {_why(found, asked, now)}"
    assert found.deciding is not None, "an answer follows from an account"
    one = found.deciding
    left = f"{names[one.view.account.id]} has {percent(one.percent)} of {window_name(one.window.minutes)} left"
    wanted = f"{asked.min_remaining:g}%"
    match found.answer, asked.of_every:
        case Answer.ENOUGH, False:
            return f"enough: {left}, {wanted} asked for"
        case Answer.ENOUGH, True:
            return f"enough: the least, {left}, {wanted} asked for"
        case _, False:
            return f"below {wanted}: the most, {left}"
        case _, True:
            return f"below {wanted}: {left}"


def _why(found: Verdict, asked: Asked, now: float) -> str:
    if not found.counted:
        what = "" if asked.minutes is None else f" of {window_name(asked.minutes)}"
        return f"no account that takes work has a window{what} that was ever read"
    oldest = max(now - one.window.read_at for one in found.counted if one.percent is None)
    return f"last read {age(oldest)} ago, more than {duration(asked.max_age_seconds)}; is `codexlb serve` running?"


def verdict_record(found: Verdict, asked: Asked, problem: str | None, now: float) -> dict[str, Any]:
    """The verdict as an object for JSON; `problem` says why nothing could be read at all."""
    return {
        "version": VERSION,
        "verdict": found.answer,
        "min_remaining": asked.min_remaining,
        "window_minutes": asked.minutes,
        "mode": "all" if asked.of_every else "any",
        "accounts": [_remaining_record(one, now) for one in found.counted],
        "problem": problem,
    }


def _remaining_record(one: Remaining, now: float) -> dict[str, Any]:
    """What one account has left; null where the reading is too old to say."""
    account = one.view.account
    left = {"account": account.id, "account_name": account.name, "remaining_percent": one.percent}
    return {**left, "window": window_record(one.window, now)}
