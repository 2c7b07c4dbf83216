"""Choosing an account: candidates with their windows go in, one of them and every one's weight come out.

Windows are known by their length, never by their position: up to a day is the short one (5 h), above that is
the long one (a week, or a free plan's month). An account whose window is not known counts as unused.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from codexlb_store.plans import capacity
from codexlb_store.windows import Window

LONGEST_SHORT_WINDOW_MINUTES = 24 * 60

IN_FLIGHT_PERCENT = 2.5
"""What a running request is taken to use of a window until a reading tells."""

DAY_SECONDS = 86400.0
UNKNOWN_RESET_SECONDS = 7 * DAY_SECONDS

NEAREST_RESET_SECONDS = 300.0
"""A nearer reset counts as this near, else the last seconds of a window would outweigh everything."""

KEEP_SHARE = 0.1
KEEP_BEST = 5
"""relative_availability draws among the best few only: at least this share of the best one's weight."""


class Strategy(enum.StrEnum):
    """How an account is chosen."""

    CAPACITY_WEIGHTED = "capacity_weighted"
    RELATIVE_AVAILABILITY = "relative_availability"
    USAGE_WEIGHTED = "usage_weighted"
    ROUND_ROBIN = "round_robin"
    FILL_FIRST = "fill_first"
    SEQUENTIAL_DRAIN = "sequential_drain"
    RESET_DRAIN = "reset_drain"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that may be chosen; `last_chosen_at` in unix seconds, `weight` is its owner's factor."""

    account_id: str
    plan: str
    windows: tuple[Window, ...]
    in_flight: int = 0
    last_chosen_at: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen account, and every candidate's weight; a rule that does not draw gives the chosen one 1."""

    account_id: str
    weights: tuple[tuple[str, float], ...]


# A candidate at one moment: percent used of its short and long window, and when the long one starts afresh.
# A bare tuple: one is made per candidate and choice, and a frozen dataclass takes ten times as long to make.
_Usage = tuple[Candidate, float, float, float | None]
_Key = Callable[[_Usage], tuple[Any, ...]]


def choose(strategy: Strategy, candidates: Sequence[Candidate], now: float, rng: random.Random) -> Choice | None:
    """Choose one of the candidates at `now` (unix seconds); None only when there are none."""
    if not candidates:
        return None
    return _decide(strategy, [_usage(candidate, now) for candidate in candidates], now, rng)


def terms(candidate: Candidate, now: float) -> dict[str, float]:
    """What the choice saw of a candidate at `now` (unix seconds), by name; percents are of a window, as it was read."""
    _, short, long, resets_at = _usage(candidate, now)
    found = {
        "capacity": capacity(candidate.plan),
        "owner_weight": candidate.weight,
        "short_used_percent": short,
        "long_used_percent": long,
        "in_flight": float(candidate.in_flight),
    }
    return found if resets_at is None else {**found, "long_reset_seconds": resets_at - now}


def _decide(strategy: Strategy, usages: Sequence[_Usage], now: float, rng: random.Random) -> Choice:
    match strategy:
        case Strategy.CAPACITY_WEIGHTED:
            return _draw(usages, [_remaining(usage) for usage in usages], rng)
        case Strategy.RELATIVE_AVAILABILITY:
            return _draw(usages, _best([_score(usage, now) for usage in usages]), rng)
        case Strategy.USAGE_WEIGHTED:
            return _pick(usages, _least_used)
        case Strategy.ROUND_ROBIN:
            return _pick(usages, _longest_ago)
        case Strategy.FILL_FIRST:
            return _pick(usages, _fullest)
        case Strategy.SEQUENTIAL_DRAIN:
            return _pick(usages, _smallest)
        case Strategy.RESET_DRAIN:
            return _pick(usages, lambda usage: _soonest_reset(usage, now))


def _usage(candidate: Candidate, now: float) -> _Usage:
    """The fullest window of each kind; a window whose reset has passed is unused."""
    short = long = 0.0
    long_resets_at = None
    for window in candidate.windows:
        resets_at, used = window.resets_at, window.used_percent
        if resets_at is not None and resets_at <= now:
            continue
        if window.minutes <= LONGEST_SHORT_WINDOW_MINUTES:
            short = used if used > short else short
        elif used >= long:
            long, long_resets_at = used, resets_at
    return candidate, short, long, long_resets_at


def _draw(usages: Sequence[_Usage], weights: Sequence[float], rng: random.Random) -> Choice:
    """One at random by weight; the least used when no weight is left."""
    chosen, *_ = rng.choices(usages, weights)[0] if max(weights) > 0 else min(usages, key=_least_used)
    ids = [candidate.account_id for candidate, _, _, _ in usages]
    return Choice(chosen.account_id, tuple(zip(ids, weights, strict=True)))


def _remaining(usage: _Usage) -> float:
    """Credits left in the long window, less what runs now, times the owner's factor."""
    candidate, _, long, _ = usage
    left_percent = 100.0 - long - IN_FLIGHT_PERCENT * candidate.in_flight
    return candidate.weight * capacity(candidate.plan) * left_percent / 100.0 if left_percent > 0 else 0.0


def _score(usage: _Usage, now: float) -> float:
    """Credits left per second to the reset."""
    resets_at = usage[3]
    seconds_left = UNKNOWN_RESET_SECONDS if resets_at is None else resets_at - now
    if seconds_left < NEAREST_RESET_SECONDS:  # measured: max() costs a tenth of the whole choice
        seconds_left = NEAREST_RESET_SECONDS
    return _remaining(usage) / seconds_left


def _best(scores: Sequence[float]) -> list[float]:
    """The squares of the scores relative to the best; 0 for the far behind and for all but the best few."""
    best = max(scores)
    if best <= 0:
        return [0.0] * len(scores)
    weights = [(score / best) ** 2 for score in scores]
    least = max(KEEP_SHARE, sorted(weights, reverse=True)[:KEEP_BEST][-1])
    return [weight if weight >= least else 0.0 for weight in weights]


def _pick(usages: Sequence[_Usage], key: _Key) -> Choice:
    """The one with the smallest key."""
    chosen = min(usages, key=key)[0].account_id
    ids = [usage[0].account_id for usage in usages]
    return Choice(chosen, tuple([(account_id, 1.0 if account_id == chosen else 0.0) for account_id in ids]))


# The keys. The id comes last and makes every order total.


def _least_used(usage: _Usage) -> tuple[float, float, float, str]:
    candidate, short, long, _ = usage
    pressure = IN_FLIGHT_PERCENT * candidate.in_flight
    return long + pressure, short + pressure, candidate.last_chosen_at, candidate.account_id


def _longest_ago(usage: _Usage) -> tuple[float, str]:
    return usage[0].last_chosen_at, usage[0].account_id


# Draining what is full is no use: the drains choose it only when all are full.


def _fullest(usage: _Usage) -> tuple[bool, float, float, str]:
    candidate, short, long, _ = usage
    return short >= 100 or long >= 100, -short, -long, candidate.account_id


def _smallest(usage: _Usage) -> tuple[bool, float, float, str]:
    candidate, short, long, _ = usage
    return short >= 100 or long >= 100, capacity(candidate.plan), -long, candidate.account_id


def _soonest_reset(usage: _Usage, now: float) -> tuple[bool, float, float, str]:
    """Resets on the same day are equal, an unknown one comes last."""
    candidate, short, long, resets_at = usage
    days = float("inf") if resets_at is None else (resets_at - now) // DAY_SECONDS
    return short >= 100 or long >= 100, days, short, candidate.account_id
