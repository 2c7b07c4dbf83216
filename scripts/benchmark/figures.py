"""The benchmark's arithmetic: readings of each round go in; medians, ratios and verdicts on goals come out. Pure."""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Target(enum.StrEnum):
    """The roads a turn may take to the upstream; in a scene it is codexlb's alone, or beside those who take much."""

    DIRECT = "direct"
    MITMDUMP = "mitmdump"
    CODEXLB = "codexlb"
    ALONE = "alone"
    BESIDE = "beside"


ROADS = (Target.DIRECT, Target.MITMDUMP, Target.CODEXLB)
SCENES = (Target.ALONE, Target.BESIDE)


class Figure(enum.StrEnum):
    """Everything measured; the value is its name in JSON and holds the unit.

    "Kept" figures are of clients that keep their connection; the others open one for each turn, as Codex does.
    """

    TURNS_30KB = "turns_per_second_30kb"
    TURNS_30KB_KEPT = "turns_per_second_30kb_kept"
    TURNS_1MB = "turns_per_second_1mb"
    CPU_30KB = "cpu_seconds_per_1000_turns_30kb"
    CPU_30KB_KEPT = "cpu_seconds_per_1000_turns_30kb_kept"
    CPU_1MB = "cpu_seconds_per_1000_turns_1mb"
    FIRST_30KB_P50 = "first_token_ms_p50_30kb"
    FIRST_30KB_P99 = "first_token_ms_p99_30kb"
    FIRST_30KB_KEPT_P50 = "first_token_ms_p50_30kb_kept"
    FIRST_30KB_KEPT_P99 = "first_token_ms_p99_30kb_kept"
    FIRST_1MB_KEPT_P50 = "first_token_ms_p50_1mb_kept"
    FIRST_1MB_KEPT_P99 = "first_token_ms_p99_1mb_kept"
    ADDED_30KB_P50 = "added_first_token_ms_p50_30kb"
    ADDED_30KB_P99 = "added_first_token_ms_p99_30kb"
    ADDED_30KB_KEPT_P50 = "added_first_token_ms_p50_30kb_kept"
    ADDED_30KB_KEPT_P99 = "added_first_token_ms_p99_30kb_kept"
    ADDED_1MB_KEPT_P50 = "added_first_token_ms_p50_1mb_kept"
    ADDED_1MB_KEPT_P99 = "added_first_token_ms_p99_1mb_kept"
    BURST = "burst_events_per_second"
    CPU_EVENTS = "cpu_seconds_per_100k_paced_events"
    AGE_PACED = "event_age_ms_p99_paced"
    MEMORY_IDLE = "resident_mb_idle"
    MEMORY_SLOW = "resident_mb_slow_streams"
    AGE_SLOW = "event_age_ms_p99_slow_streams"
    SMALL_KEYS_P95 = "first_token_ms_p95_small_keys"
    GOOD_CLIENT_P95 = "first_token_ms_p95_good_client"
    LOOKED_AT_P95 = "first_token_ms_p95_looked_at"


ADDED = {
    Figure.FIRST_30KB_P50: Figure.ADDED_30KB_P50,
    Figure.FIRST_30KB_P99: Figure.ADDED_30KB_P99,
    Figure.FIRST_30KB_KEPT_P50: Figure.ADDED_30KB_KEPT_P50,
    Figure.FIRST_30KB_KEPT_P99: Figure.ADDED_30KB_KEPT_P99,
    Figure.FIRST_1MB_KEPT_P50: Figure.ADDED_1MB_KEPT_P50,
    Figure.FIRST_1MB_KEPT_P99: Figure.ADDED_1MB_KEPT_P99,
}
"""Times that are also compared with the direct road of the same round."""

IN_SCENES = frozenset({Figure.SMALL_KEYS_P95, Figure.GOOD_CLIENT_P95, Figure.LOOKED_AT_P95})
"""Measured alone and beside others; all else is measured over the roads."""

MORE_IS_BETTER = frozenset({Figure.TURNS_30KB, Figure.TURNS_30KB_KEPT, Figure.TURNS_1MB, Figure.BURST})

Readings = Mapping[tuple[Figure, Target], Sequence[float]]
"""One value a round."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for codexlb: on the figure itself, or on its ratio (see `ratio`); `aim` is what we would like."""

    figure: Figure
    must: float
    aim: float | None = None
    of_ratio: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and what was measured; None where nothing was."""

    goal: Goal
    measured: float | None
    met: bool | None
    aim_met: bool | None


GOALS = (
    Goal(Figure.TURNS_30KB, must=0.9, of_ratio=True),
    Goal(Figure.TURNS_30KB_KEPT, must=0.9, of_ratio=True),
    Goal(Figure.CPU_30KB_KEPT, must=2.8, aim=1.7),
    Goal(Figure.ADDED_30KB_KEPT_P50, must=2, aim=1),
    Goal(Figure.ADDED_30KB_KEPT_P99, must=5, aim=3),
    Goal(Figure.ADDED_1MB_KEPT_P50, must=4, aim=2),
    Goal(Figure.ADDED_1MB_KEPT_P99, must=12, aim=6),
    Goal(Figure.CPU_EVENTS, must=18, aim=14),
    Goal(Figure.BURST, must=30_000, aim=60_000),
    Goal(Figure.MEMORY_IDLE, must=90, aim=65),
    Goal(Figure.SMALL_KEYS_P95, must=1.2, of_ratio=True),
    Goal(Figure.GOOD_CLIENT_P95, must=1.2, of_ratio=True),
    Goal(Figure.LOOKED_AT_P95, must=1.1, of_ratio=True),
)
"""Limits in seconds, milliseconds and MB were set on a 4-core AMD EPYC machine with clients that keep their connection.
They move with the machine; ratios stay. A new connection for each turn costs plain mitmdump about as much again."""


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile of values in rising order; None for no values."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def per(amount: float | None, count: float, scale: float = 1.0) -> float | None:
    """`amount` for each `scale` of `count`; None when it is not known or there was nothing to divide by."""
    return amount / count * scale if amount is not None and count > 0 else None


def spread(values: Sequence[float]) -> Spread | None:
    """The median and the bounds of a figure's rounds; None for no rounds."""
    return Spread(statistics.median(values), min(values), max(values)) if values else None


def spreads(readings: Readings) -> dict[tuple[Figure, Target], Spread]:
    """Every figure that has a value, by road."""
    found = {key: spread(values) for key, values in readings.items()}
    return {key: value for key, value in found.items() if value is not None}


def added(readings: Mapping[tuple[Figure, Target], float]) -> dict[tuple[Figure, Target], float]:
    """What each proxy adds to the times of one round, against the direct road of that round."""
    return {
        (ADDED[figure], target): value - readings[figure, Target.DIRECT]
        for (figure, target), value in readings.items()
        if target is not Target.DIRECT and figure in ADDED and (figure, Target.DIRECT) in readings
    }


def ratio(found: Mapping[tuple[Figure, Target], Spread], figure: Figure) -> float | None:
    """Codexlb's median of a figure for one of mitmdump's, in a scene its median beside others for one alone.

    None unless both are known and the second is above 0.
    """
    measured, base = (Target.BESIDE, Target.ALONE) if figure in IN_SCENES else (Target.CODEXLB, Target.MITMDUMP)
    ours, theirs = found.get((figure, measured)), found.get((figure, base))
    return per(ours.median, theirs.median) if ours and theirs else None


def reached(figure: Figure, measured: float | None, limit: float | None) -> bool | None:
    """Whether a value is on the good side of a limit; None when one of them is missing."""
    if measured is None or limit is None:
        return None
    return measured >= limit if figure in MORE_IS_BETTER else measured <= limit


def verdict(goal: Goal, found: Mapping[tuple[Figure, Target], Spread]) -> Verdict:
    """Hold one goal against what was measured."""
    ours = found.get((goal.figure, Target.CODEXLB))
    absolute = ours.median if ours else None
    measured = ratio(found, goal.figure) if goal.of_ratio else absolute
    met, aim_met = (reached(goal.figure, measured, limit) for limit in (goal.must, goal.aim))
    return Verdict(goal, measured, met, aim_met)
