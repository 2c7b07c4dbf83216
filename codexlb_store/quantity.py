"""How a figure reads to a person: counts, shares, money, durations and moments, each as one short string.

Unknown (None) is always `n/a`, never 0.
"""

from __future__ import annotations

import datetime
import math

UNKNOWN = "n/a"

EXACT_BELOW = 10_000
"""Counts below it are written out; from here on three significant digits are what an eye takes in."""

SUFFIXES = "kMBT"
"""One for each power of 1,000."""

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

MINUTES_OF_NAMED_WINDOWS = {300: "5 h", 1440: "day", 10_080: "week", 43_200: "month"}
"""The windows ChatGPT plans have today, by their length in minutes; another length is named by the length."""


def count(number: int | None) -> str:
    """A count of requests or tokens: 987, 9,999, 12.3k, 1.23M."""
    if number is None:
        return UNKNOWN
    if abs(number) < EXACT_BELOW:
        return f"{number:,}"
    thousands, value = 1, number / 1000
    while abs(value) >= 999.5 and thousands < len(SUFFIXES):
        thousands, value = thousands + 1, value / 1000
    return f"{value:#.3g}".rstrip(".") + SUFFIXES[thousands - 1]


def percent(value: float | None) -> str:
    """A percentage, rounded down so that only a full window reads 100%."""
    if value is None:
        return UNKNOWN
    if 0 < value < 1:
        return "<1%"
    return f"{math.floor(value)}%"


def dollars(amount: float | None) -> str:
    """An amount in US dollars, to the cent; less than half a cent but not nothing reads <$0.01."""
    if amount is None:
        return UNKNOWN
    return "<$0.01" if 0 < amount < 0.005 else f"${amount:,.2f}"


def duration(seconds: float) -> str:
    """A length of time in its two largest units: 45 s, 12 min, 2 h 13 min, 3 d 4 h."""
    whole = max(0, math.ceil(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def age(seconds: float) -> str:
    """How long ago something was, in its largest unit: 45 s, 12 min, 3 h, 8 d."""
    whole = max(0, math.floor(seconds))
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if whole >= unit:
            return f"{whole // unit} {name}"
    return f"{whole} s"


def latency(milliseconds: float | None) -> str:
    """How long an answer took: 850 ms, 1.2 s, 2 min."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < MINUTE else duration(seconds)


def moment(unix: float, now: float, zone: datetime.tzinfo | None) -> str:
    """A clock time in `zone` (None: this machine's) as short as can be: 18:40, Wed 18:40, 20 Dec 18:40."""
    then = datetime.datetime.fromtimestamp(unix, zone)
    if then.date() == datetime.datetime.fromtimestamp(now, zone).date():
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if abs(unix - now) < 6 * DAY else f"{then.day} {then:%b %H:%M}"


def window_name(minutes: int) -> str:
    """What a usage window of this many minutes is called: 5 h, week, month, 90 min."""
    named = MINUTES_OF_NAMED_WINDOWS.get(minutes)
    return named or (f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min")
