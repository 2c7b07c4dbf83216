"""From when to when a report looks: what a person wrote after `--since`, `--until` and `--tz`, as values."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from codexlb_store.quantity import moment
from scripts.since import parse_since


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in unix seconds, without its end; None is open."""

    since: float | None = None
    until: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all the time there was."""
        return self.since is None and self.until is None


def parse_until(text: str, now: float, zone: datetime.tzinfo | None) -> float:
    """The unix time before which a report ends: as `parse_since`, but a date means all of that day."""
    try:
        day = datetime.date.fromisoformat(text.strip()) + datetime.timedelta(days=1)
    except (ValueError, OverflowError):
        return parse_since(text, now, zone)
    return parse_since(day.isoformat(), now, zone)


def parse_zone(name: str) -> ZoneInfo:
    """The time zone of this name; ValueError says what helps."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"{name!r} is no time zone that is known here: write one such as Europe/Berlin or UTC."
        ) from error


def span_words(span: Span, now: float, zone: datetime.tzinfo | None) -> str:
    """The span as a heading says it: `Since Wed 18:40`, `Until 20 Dec 00:00`; clock times in `zone`."""
    start = "" if span.since is None else f"since {moment(span.since, now, zone)}"
    end = "" if span.until is None else f"until {moment(span.until, now, zone)}"
    words = " ".join(filter(None, (start, end))) or "all there is"
    return words[0].upper() + words[1:]
