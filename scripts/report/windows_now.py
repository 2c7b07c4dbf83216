"""The accounts' limits at one look: their windows and how they go come in, lines for a terminal come out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text
from sqlite_utils import Database

from codexlb_store.account_views import AccountView
from codexlb_store.forecast import Pace, forecast
from codexlb_store.quantity import MINUTE, WEEK, age, duration, moment, percent, window_name
from codexlb_store.readings import load_readings
from codexlb_store.windows import Window, used_now
from scripts.accounts.status import status_phrases, status_style
from scripts.bars import NARROWEST_BAR, WIDEST_BAR, bar, usage_style
from scripts.remarks import Remark, folded
from scripts.report.labels import account_names
from scripts.report.pace_words import end_words, pace_words
from scripts.report.printable import printable
from scripts.terminal import GAP

INDENT = 2

HEADINGS = ("Limit", "Used", "", "Resets in", "at", "Pace", "Runs out")
BAR = 1

FIRST_TO_GO = (4, 5, 6)
"""Columns left out, in this order, where there is no room for a bar beside them."""

FLUSH_RIGHT = frozenset({2, 3})

OLD_SECONDS = 15 * MINUTE
"""Usage is asked of the upstream every five minutes: a reading that missed three of them needs a word."""


@dataclass(frozen=True, slots=True)
class WindowNow:
    """One window of an account, and how it goes."""

    window: Window
    pace: Pace


Standing = Mapping[str, Sequence[WindowNow]]
"""Of every account its windows, shortest first, by account id."""


def standing(db: Database, views: Iterable[AccountView], now: float) -> Standing:
    """How the windows of these accounts go."""
    return {view.account.id: _of_account(db, view, now) for view in views}


def _of_account(db: Database, view: AccountView, now: float) -> list[WindowNow]:
    readings = load_readings(db, view.account.id, now - WEEK) if view.windows else []
    return [WindowNow(window, forecast(window, readings, now)) for window in view.windows]


def windows_section(
    views: Sequence[AccountView], found: Standing, now: float, width: int, zone: datetime.tzinfo | None
) -> RenderableType:
    """A head per account and below it a line per window, `width` characters wide at most; clock times in `zone`."""
    names = account_names(view.account for view in views)
    lines = {account: [_cells(one, now, zone) for one in windows] for account, windows in found.items()}
    widths = _widths([cells for of_account in lines.values() for cells in of_account], width - INDENT)
    parts: list[RenderableType] = [_grid([[Text(heading, "dim") for heading in HEADINGS]], widths)]
    parts.append(Text("─" * min(width, INDENT + sum(each + GAP for each in widths.values()) - GAP)))
    for number, view in enumerate(views):
        head = folded(_head(view, found[view.account.id], names[view.account.id], now, zone), width)
        cells = [
            [*line[:BAR], bar(used_now(one.window, now), widths[BAR]), *line[BAR + 1 :]]
            for line, one in zip(lines[view.account.id], found[view.account.id], strict=True)
        ]
        parts += [Text("")] if number else []
        parts += [head, _grid(cells, widths) if cells else Text(" " * INDENT + "never read", "dim")]
    return Group(*parts)


def _head(
    view: AccountView, windows: Sequence[WindowNow], name: str, now: float, zone: datetime.tzinfo | None
) -> list[Remark]:
    """The account, its status, and how long ago its windows were read where that is long."""
    remarks = [Remark((printable(name),), "bold"), Remark((view.account.plan,), "dim")]
    remarks.append(Remark(status_phrases(view, now, zone), status_style(view.status)))
    if view.in_flight:
        remarks.append(Remark((f"{view.in_flight} in flight",), "cyan"))
    oldest = max((one.pace.age_seconds for one in windows), default=0.0)
    return [*remarks, Remark((f"read {age(oldest)} ago",), "yellow")] if oldest > OLD_SECONDS else remarks


def _cells(one: WindowNow, now: float, zone: datetime.tzinfo | None) -> list[Text]:
    """What stands in each column; the bar is drawn when its room is known."""
    used, reset = used_now(one.window, now), one.window.resets_at
    is_ahead = reset is not None and reset > now
    return [
        Text(window_name(one.window.minutes)),
        Text(""),
        Text(percent(used), usage_style(used)),
        Text(duration(reset - now) if reset is not None and is_ahead else ""),
        Text(moment(reset, now, zone) if reset is not None and is_ahead else "", "dim"),
        pace_words(one.pace),
        end_words(one.pace, used, now, zone),
    ]


def _widths(lines: Sequence[Sequence[Text]], room: int) -> dict[int, int]:
    """How wide each column that is shown may be, in characters: bars take what the words leave."""
    columns = list(range(len(HEADINGS)))
    goes = list(FIRST_TO_GO)
    while True:
        widths = {
            column: max([cell_len(HEADINGS[column]), *(cell_len(line[column].plain) for line in lines)])
            for column in columns
        }
        left = room - sum(each + GAP for each in widths.values()) + GAP + widths[BAR]
        if left >= NARROWEST_BAR or not goes:
            return {**widths, BAR: max(NARROWEST_BAR, min(WIDEST_BAR, left))}
        columns.remove(goes.pop(0))


def _grid(rows: Sequence[Sequence[Text]], widths: Mapping[int, int]) -> RenderableType:
    found = Table.grid(
        *(
            Column(width=width, no_wrap=True, justify="right" if column in FLUSH_RIGHT else "left")
            for column, width in widths.items()
        ),
        padding=(0, GAP, 0, 0),
    )
    for row in rows:
        found.add_row(*(row[column] for column in widths))
    return Padding(found, (0, 0, 0, INDENT), expand=False)
