"""The hottest sessions: a look goes in, a line for each comes out."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from codexlb_store.quantity import count, dollars, percent
from codexlb_store.usage import Sums
from scripts.report.printable import printable
from scripts.watch.choosing import Choosing, Sort
from scripts.watch.columns import fitted, headings, number, row, words
from scripts.watch.look import Look
from scripts.watch.place import Place
from scripts.watch.session_rows import SessionRow

ID_LENGTH = 13
"""Ids of sessions begin with the time; so many characters of them tell milliseconds apart."""

SESSION = words("Session, 1 h", ID_LENGTH, ID_LENGTH)
ACCOUNT, MODEL, PROJECT = words("Account", 12, 32), words("Model", 12, 20, goes=2), words("Project", 14, 32, goes=4)
REQUESTS, TOKENS = number("Req", 5), number("Tokens", 6)
CACHED, COST = number("Cached", 6, goes=3), number("Cost", 8, goes=1)
COLUMNS = (SESSION, ACCOUNT, MODEL, PROJECT, REQUESTS, TOKENS, CACHED, COST)

_FIGURES: dict[Sort, Callable[[Sums], float | None]] = {
    Sort.COST: lambda sums: sums.cost_usd,
    Sort.REQUESTS: lambda sums: sums.requests,
}


def shown_sessions(look: Look, choosing: Choosing) -> list[SessionRow]:
    """The sessions that the filter lets through, in the order that was chosen."""
    shown = [one for one in look.sessions if choosing.shows(one.session, one.account, one.model, one.project)]
    if choosing.sort is Sort.NAME:
        return sorted(shown, key=lambda one: one.session)
    if figure := _FIGURES.get(choosing.sort):
        return sorted(shown, key=lambda one: -(figure(one.sums) or 0))
    return shown


def session_lines(look: Look, choosing: Choosing, room: int, place: Place) -> list[Text]:
    """A line for as many of them as there is `room` for (lines), below the headings."""
    widths = fitted(COLUMNS, place.width)
    shown = shown_sessions(look, choosing)
    lines = [
        row(
            widths,
            {
                SESSION: printable(one.session)[:ID_LENGTH],
                ACCOUNT: one.account or "none",
                MODEL: one.model,
                PROJECT: one.project,
                REQUESTS: count(one.sums.requests),
                TOKENS: count(one.sums.total_tokens),
                CACHED: percent(one.sums.cached_percent),
                COST: dollars(one.sums.cost_usd),
            },
        )
        for one in shown[: max(0, room - 1)]
    ]
    return [headings(widths), *(lines or [Text("none" if not look.sessions else "none that fits the filter", "dim")])]
