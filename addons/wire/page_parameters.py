"""What a page is asked for: a URL's parameters go in, values come out, or a ValueError with one sentence.

Times are unix seconds (1767139200), a length back from now (24h, 7d), a date (2026-01-31) or an ISO time.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MOST_PARAMETERS = 20
MOST_CHARACTERS = 256

SECONDS_OF_UNIT = {"min": 60, "h": 3600, "d": 86_400, "w": 604_800}
LENGTH = re.compile(rf"([0-9]{{1,6}}) ?({'|'.join(SECONDS_OF_UNIT)})")
UNIX = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,12})?")

_Choice = TypeVar("_Choice", bound=enum.StrEnum)


def parameters_of(query: str, known: Iterable[str]) -> dict[str, str]:
    """The parameters of a URL, each of which must be known and said once."""
    try:
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise ValueError(f"There are more than {MOST_PARAMETERS} parameters: leave some out.") from error
    names = tuple(known)
    for name, value in pairs:
        if name not in names:
            offer = f"give {', '.join(names)}" if names else "this page takes none"
            raise ValueError(f"There is no parameter {name[:40]!r}: {offer}.")
        if len(value) > MOST_CHARACTERS:
            raise ValueError(f"{name} is longer than {MOST_CHARACTERS} characters: shorten it.")
    if len(dict(pairs)) < len(pairs):
        raise ValueError("A parameter is said more than once: say each once.")
    return {name: value for name, value in pairs if value}


def parse_time(name: str, text: str, now: float, zone: datetime.tzinfo | None) -> float:
    """The unix time that is meant; what has no offset is read in `zone`."""
    if UNIX.fullmatch(text):
        return float(text)
    if length := LENGTH.fullmatch(text):
        return max(0.0, now - int(length[1]) * SECONDS_OF_UNIT[length[2]])
    try:
        moment = datetime.datetime.fromisoformat(text)
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{name} is {text!r}: give unix seconds, a length such as 24h or 7d, a date or an ISO time."
        ) from error


def parse_until(text: str, now: float, zone: datetime.tzinfo | None) -> float:
    """The same for an end: a date means all of that day."""
    with contextlib.suppress(ValueError, OverflowError):  # it has a time of day
        text = (datetime.date.fromisoformat(text) + datetime.timedelta(days=1)).isoformat() if "-" in text else text
    return parse_time("until", text, now, zone)


def parse_zone(text: str | None) -> ZoneInfo:
    """The time zone of this name; UTC when none is given."""
    try:
        return ZoneInfo(text or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"tz is {text!r}, which is no time zone known here: give one such as Europe/Berlin."
        ) from error


def parse_count(parameters: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A whole number of 1 to `most`."""
    text = parameters.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise ValueError(f"{name} is {text!r}: give a whole number from 1 to {most}.")
    return int(text)


def parse_choice(name: str, text: str, choices: type[_Choice]) -> _Choice:
    """One of the values of an enum."""
    try:
        return choices(text)
    except ValueError as error:
        raise ValueError(f"{name} is {text!r}: give one of {', '.join(choices)}.") from error
