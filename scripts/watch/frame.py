"""One picture: a look and what was chosen go in, exactly as many lines as the terminal has come out."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from scripts.watch.accounts_part import account_lines, account_wishes
from scripts.watch.choosing import Choosing
from scripts.watch.failovers_part import failover_lines, shown_failovers
from scripts.watch.head_part import head_lines, spark_lines
from scripts.watch.look import Look
from scripts.watch.place import Place
from scripts.watch.sessions_part import session_lines, shown_sessions

ROOMY_HEIGHT = 20
"""Lines from which on there is a blank one between the parts."""

SPARK_LINES, LEAST_LINES, GOOD_LINES = 3, 3, 8
"""A list without room for its headings and two rows is not shown; with seven rows it has told the most."""


class Part(enum.Enum):
    """What stands below the head, top to bottom."""

    SPARKS = enum.auto()
    ACCOUNTS = enum.auto()
    SESSIONS = enum.auto()
    FAILOVERS = enum.auto()


@dataclass(frozen=True, slots=True)
class Wish:
    """A part that would like to have so many lines in all; `is_whole`: or as many as it has already."""

    part: Part
    lines: int
    is_whole: bool = True


def shares(room: int, wishes: Sequence[Wish], gap: int) -> dict[Part, int]:
    """How many of `room` lines each part gets when wishes are granted in this order as far as they can be.

    Every part takes `gap` lines more, to stand apart; one whose first wish cannot be granted is left out.
    """
    given: dict[Part, int] = {}
    for wish in wishes:
        more = wish.lines - given[wish.part] if wish.part in given else wish.lines + gap
        if more > room and not wish.is_whole and wish.part in given:
            more = room
        if 0 < more <= room:
            given[wish.part] = given.get(wish.part, -gap) + more
            room -= more
    return given


def wishes(look: Look, choosing: Choosing) -> list[Wish]:
    """A little of most, then the accounts whole, then the best of the lists, then all of them."""
    short, whole = account_wishes(look, choosing)
    sessions = 1 + max(1, len(shown_sessions(look, choosing)))
    failovers = 1 + max(1, len(shown_failovers(look, choosing)))
    return [
        Wish(Part.ACCOUNTS, min(LEAST_LINES, short)),
        Wish(Part.SPARKS, SPARK_LINES),
        Wish(Part.SESSIONS, min(LEAST_LINES, sessions)),
        Wish(Part.ACCOUNTS, short, is_whole=False),
        Wish(Part.FAILOVERS, min(LEAST_LINES, failovers)),
        Wish(Part.ACCOUNTS, whole),
        Wish(Part.SESSIONS, min(GOOD_LINES, sessions), is_whole=False),
        Wish(Part.FAILOVERS, min(GOOD_LINES, failovers), is_whole=False),
        Wish(Part.SESSIONS, sessions, is_whole=False),
        Wish(Part.FAILOVERS, failovers, is_whole=False),
    ]


def frame(look: Look, choosing: Choosing, place: Place) -> list[Text]:
    """The lines of the whole screen, top to bottom; the last one tells the keys."""
    gap = 1 if place.height >= ROOMY_HEIGHT else 0
    lines = head_lines(look, place)[: max(0, place.height - 1)]
    given = shares(place.height - len(lines) - gap - 1, wishes(look, choosing), gap)
    for part in Part:
        if part in given:
            lines += [Text("")] * gap
            lines += _cut(_drawn(part, look, choosing, given[part], place), given[part])
    lines += [Text("")] * (place.height - 1 - len(lines))
    lines.append(footer(choosing))
    for line in lines:
        line.truncate(place.width, overflow="ellipsis")
    return lines


def _drawn(part: Part, look: Look, choosing: Choosing, room: int, place: Place) -> list[Text]:
    match part:
        case Part.SPARKS:
            return spark_lines(look, place)
        case Part.ACCOUNTS:
            return account_lines(look, choosing, room, place)
        case Part.SESSIONS:
            return session_lines(look, choosing, room, place)
        case Part.FAILOVERS:
            return failover_lines(look, choosing, room, place)


def _cut(lines: Sequence[Text], room: int) -> Sequence[Text]:
    """At most so many lines; the last of them says how many are left out."""
    if len(lines) <= room:
        return lines
    return [*lines[: room - 1], Text(f"{len(lines) - room + 1} more", "dim")]


def footer(choosing: Choosing) -> Text:
    """The keys, or the filter while it is written."""
    if choosing.is_typing:
        text = Text.assemble(("/", "bold"), choosing.filter, ("▏", "blink"), ("  Enter keep · Esc clear", "dim"))
    else:
        chosen = f"filter: {choosing.filter} · Esc clear" if choosing.filter else "filter"
        keys = (("q", "quit"), ("s", f"sort: {choosing.sort.value}"), ("/", chosen))
        text = Text("   ").join(Text.assemble((key, "bold"), " ", (said, "dim")) for key, said in keys)
    text.no_wrap = True
    return text
