"""Where a report starts: what a person wrote after `--since`, as unix seconds."""

from __future__ import annotations

import datetime

from scripts.lengths import parse_length


def parse_since(text: str, now: float, zone: datetime.tzinfo | None) -> float:
    """The unix time meant by a length back from now (24h, 7d), a date or an ISO time.

    A date or time without an offset is read in `zone` (None: this machine's). ValueError says what helps.
    """
    length = parse_length(text)
    if length is not None:
        return max(0.0, now - length)
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{text!r} is no time that can be read: write a length back from now such as 24h or 7d, a date such as"
            " 2026-01-31, or an ISO time such as 2026-01-31T18:00."
        ) from error


def start_of_day(now: float, zone: datetime.tzinfo | None) -> float:
    """The unix time at which the day of `now` began."""
    return datetime.datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
