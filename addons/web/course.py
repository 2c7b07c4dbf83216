"""Requests and cost over time: a range goes in, two charts come out."""

from __future__ import annotations

import datetime
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlite_utils import Database

from addons.web.charts import Bar, Chart, chart
from addons.web.page import Part, Reading
from addons.web.usage_lines import added, start_of_day
from codexlb_store.quantity import DAY, HOUR, MINUTE, count, dollars
from codexlb_store.usage import Dimension, Filters, Sums, series, usage


class Range(enum.StrEnum):
    """How far back the charts reach."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


BUCKETS = {Range.DAY: (DAY, 30 * MINUTE), Range.WEEK: (7 * DAY, 3 * HOUR)}
"""How long a range is and each bar of it, in seconds; a month has the days of this machine."""

BAR_WORDS = {Range.DAY: "half hour", Range.WEEK: "3 hours", Range.MONTH: "day"}
RANGE_WORDS = {Range.DAY: "last 24 hours", Range.WEEK: "last 7 days", Range.MONTH: "last 30 days"}
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """A bar's time: how it is written, what stands below it, and what was used."""

    written: str
    mark: str | None
    sums: Sums


@dataclass(frozen=True, slots=True)
class _Writing:
    """How a stretch is written, in which part of the day or on which day it begins, and the mark of that part."""

    text: str
    part: int
    mark: str


def range_of(text: str | None) -> Range:
    """The range that is asked for, a day unless it is one of them."""
    return Range(text) if text in list(Range) else Range.DAY


def course_part(reading: Reading, asked: Range) -> Part:
    """The charts of a range."""
    stretches = reading.figure(("course", asked), lambda: course(reading.db, asked, reading.now))
    total = added(stretch.sums for stretch in stretches)
    charts = {"requests": requests_chart(stretches), "cost": cost_chart(stretches)}
    words = {"asked": asked, "ranges": RANGE_WORDS, "bar": BAR_WORDS[asked]}
    return Part("course", "course.html", {**charts, **words, "total": total})


def course(db: Database, asked: Range, now: float) -> list[Stretch]:
    """Every stretch of the range, those without requests too."""
    if asked is Range.MONTH:
        return _days(db, now)
    length, seconds = BUCKETS[asked]
    first = math.floor((now - length) / seconds) + 1
    starts = [float(number * seconds) for number in range(first, math.floor(now / seconds) + 1)]
    found = dict(series(db, Filters(since=starts[0]), seconds))
    writings = [_writing(asked, start, seconds) for start in starts]
    changes = [later.mark if earlier.part != later.part else None for earlier, later in pairwise(writings)]
    return [
        Stretch(writing.text, mark, found.get(start, Sums()))
        for start, writing, mark in zip(starts, writings, [None, *changes], strict=True)
    ]


def _writing(asked: Range, start: float, seconds: int) -> _Writing:
    at, end = datetime.datetime.fromtimestamp(start), datetime.datetime.fromtimestamp(start + seconds)
    text = f"{at:%a %H:%M} to {end:%H:%M}"
    return _Writing(text, at.hour // 6, f"{at:%H:%M}") if asked is Range.DAY else _Writing(text, at.day, f"{at:%a}")


def _days(db: Database, now: float) -> list[Stretch]:
    today = datetime.datetime.fromtimestamp(now).date()
    days = [today - datetime.timedelta(days=back) for back in reversed(range(MONTH_DAYS))]
    since = start_of_day(datetime.datetime.combine(days[0], datetime.time(12)).timestamp())
    found = {row.groups[0]: row.sums for row in usage(db, (Dimension.DAY,), Filters(since=since))}
    return [
        Stretch(
            f"{day:%a} {day.day} {day:%b}",
            f"{day.day} {day:%b}" if day.weekday() == 0 else None,
            found.get(day.isoformat(), Sums()),
        )
        for day in days
    ]


def requests_chart(stretches: Sequence[Stretch]) -> Chart:
    """How many requests, and how many of them failed or were lost."""
    bars = [
        Bar(f"{one.written}: {_requests(one.sums)}", one.sums.requests, one.sums.failed, one.mark) for one in stretches
    ]
    return chart(bars, lambda value: count(round(value)), least_top=2)


def _requests(sums: Sums) -> str:
    words = f"{sums.requests:,} request{'' if sums.requests == 1 else 's'}"
    return f"{words}, {sums.failed:,} failed" if sums.failed else words


def cost_chart(stretches: Sequence[Stretch]) -> Chart:
    """What they cost, as far as it is known."""
    bars = [
        Bar(f"{one.written}: {dollars(one.sums.cost_usd if one.sums.requests else 0.0)}", one.sums.cost_usd or 0.0,
            mark=one.mark)
        for one in stretches
    ]  # fmt: skip
    return chart(bars, lambda value: f"${value:,.0f}" if value >= 10 else f"${value:.2f}", least_top=0.02)
