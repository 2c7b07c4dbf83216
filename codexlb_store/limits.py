"""Limits of client keys: kinds of use and spans of time; a moment goes in, the span that holds it comes out.

A rolling span begins with the first use after the last one ended; a calendar span begins at midnight, on Monday or on
the first of the month where the key lives. Times are unix seconds.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo


class LimitKind(enum.StrEnum):
    """What a limit counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    INPUT = "input"
    OUTPUT = "output"
    USD = "usd"
    CONCURRENT = "concurrent"


class Span(enum.StrEnum):
    """How long a limit counts before it starts afresh."""

    MINUTE = "minute"
    HOUR = "hour"
    FIVE_HOURS = "5h"
    DAY = "day"
    SEVEN_DAYS = "7d"
    WEEK = "week"
    MONTH = "month"


ROLLING_SECONDS = {Span.MINUTE: 60.0, Span.HOUR: 3600.0, Span.FIVE_HOURS: 18_000.0, Span.SEVEN_DAYS: 604_800.0}
"""The spans that begin at first use; the others follow the calendar."""

MICRO = 1_000_000
"""Units of a limit in dollars: micro-dollars."""


class TimeZoneError(ValueError):
    """There is no such time zone; the message is one sentence for the person who named it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So much of a kind in a span, for every model or those of a glob; `id` is 0 until it is stored.

    The amount is in requests, tokens or micro-dollars. A concurrent limit has no span.
    """

    kind: LimitKind
    span: Span | None
    amount: int
    model: str | None = None
    id: int = 0


def applies(limit: Limit, model: str | None) -> bool:
    """Whether a request for this model (None: it names none) counts against the limit."""
    return limit.model is None or (model is not None and fnmatchcase(model, limit.model))


def zone_of(name: str) -> datetime.tzinfo:
    """The time zone of this name, as in Europe/Berlin; raises TimeZoneError."""
    if name == "UTC":
        return datetime.UTC  # also where the system has no time zone data
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise TimeZoneError(f"There is no time zone {name!r}: give one like Europe/Berlin or UTC.") from error


def span_of(limit: Limit, now: float, zone: datetime.tzinfo) -> tuple[float, float | None]:
    """When the limit's span that holds `now` begins and ends; a rolling one would begin now, None is no end."""
    match limit.span:
        case None:
            return 0.0, None
        case Span.MINUTE | Span.HOUR | Span.FIVE_HOURS | Span.SEVEN_DAYS:
            return now, now + ROLLING_SECONDS[limit.span]
        case Span.DAY | Span.WEEK | Span.MONTH:
            first, after = _days(limit.span, datetime.datetime.fromtimestamp(now, zone).date())
            return _midnight(first, zone), _midnight(after, zone)


def _days(span: Span, today: datetime.date) -> tuple[datetime.date, datetime.date]:
    """The first day of the calendar span that holds today, and the first day after it."""
    if span is Span.MONTH:
        first = today.replace(day=1)
        return first, (first + datetime.timedelta(days=31)).replace(day=1)
    if span is Span.WEEK:
        monday = today - datetime.timedelta(days=today.weekday())
        return monday, monday + datetime.timedelta(days=7)
    return today, today + datetime.timedelta(days=1)


def _midnight(day: datetime.date, zone: datetime.tzinfo) -> float:
    """The day's first moment: where clocks skip midnight it is when they do, where they repeat it, the first time."""
    return datetime.datetime.combine(day, datetime.time.min, zone).timestamp()
