"""Hours, days, weeks and months of a time zone: a stretch of time goes in, it comes out cut where they begin."""

from __future__ import annotations

import datetime
import enum
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


class Unit(enum.StrEnum):
    """What time is cut into."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `since` up to `until` (unix seconds), with what it is called in each of the units asked for."""

    labels: tuple[str, ...]
    since: float
    until: float


def periods(units: Sequence[Unit], since: float, until: float, zone: datetime.tzinfo | None) -> list[Period]:
    """[since, until) cut wherever one of `units` begins in `zone` (None: this machine's), in order.

    An hour that a change of the clocks repeats is one period of two hours; one that it skips is none.
    """
    if not units:
        return [Period((), since, until)]
    if since >= until:
        return []
    marks = [list(_marks(unit, since, until, zone)) for unit in units]
    cuts = sorted({since, until, *(at for of_unit in marks for at, _ in of_unit if since < at < until)})
    names = [_names(of_unit, cuts[:-1]) for of_unit in marks]
    return [Period(labels, *span) for *span, labels in zip(cuts[:-1], cuts[1:], zip(*names, strict=True), strict=True)]


def _marks(unit: Unit, since: float, until: float, zone: datetime.tzinfo | None) -> Iterator[tuple[float, str]]:
    """When each unit begins that has any time in [since, until), and what it is called."""
    # by the wall: a clock that is set back shows an hour twice, and both are of the one that began first
    wall = first_moment(unit, datetime.datetime.fromtimestamp(since, zone).replace(tzinfo=None))
    while (at := wall.replace(tzinfo=zone).timestamp()) < until:
        yield at, label(unit, wall)
        wall = next_moment(unit, wall)


def _names(marks: Sequence[tuple[float, str]], cuts: Sequence[float]) -> list[str]:
    starts = [at for at, _ in marks]
    # the later of two marks at one moment is the one that time goes on with: the other was skipped by the clocks
    return [marks[max(0, bisect_right(starts, cut) - 1)][1] for cut in cuts]


def first_moment(unit: Unit, wall: datetime.datetime) -> datetime.datetime:
    """The beginning of the hour, day, week (Monday) or month in which a clock on the wall shows this."""
    hour = wall.replace(minute=0, second=0, microsecond=0, fold=0)
    match unit:
        case Unit.HOUR:
            return hour
        case Unit.DAY:
            return hour.replace(hour=0)
        case Unit.WEEK:
            return hour.replace(hour=0) - wall.weekday() * DAY
        case Unit.MONTH:
            return hour.replace(hour=0, day=1)


def next_moment(unit: Unit, wall: datetime.datetime) -> datetime.datetime:
    """The beginning of the unit after the one that begins with `wall`."""
    match unit:
        case Unit.HOUR:
            return wall + HOUR
        case Unit.DAY:
            return wall + DAY
        case Unit.WEEK:
            return wall + 7 * DAY
        case Unit.MONTH:
            return (wall + 31 * DAY).replace(day=1)


def label(unit: Unit, wall: datetime.datetime) -> str:
    """What the unit that begins with `wall` is called: 2026-11-22 14:00, 2026-11-22 (of a week its Monday), 2026-11."""
    match unit:
        case Unit.HOUR:
            return wall.isoformat(" ", "minutes")
        case Unit.DAY | Unit.WEEK:
            return wall.date().isoformat()
        case Unit.MONTH:
            return wall.isoformat()[:7]
