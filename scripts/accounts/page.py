"""One account in full: what is known of it goes in, a page for people or a JSON object comes out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text
from sqlite_utils import Database

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import Account
from codexlb_store.quantity import DAY, MINUTE, WEEK, age, duration, moment
from codexlb_store.readings import load_readings
from codexlb_store.usage import Filters, Sums, usage
from codexlb_store.windows import Window
from scripts.accounts.record import account_record
from scripts.accounts.status import status_phrases, status_style
from scripts.accounts.windows import bar_width, sparkline, window_cells
from scripts.report.record import sums_record
from scripts.report.usage_table import usage_table
from scripts.since import start_of_day
from scripts.terminal import figures, table

LINE_WIDTH = 24
"""Characters of a sparkline: an hour each for a day."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is known of an account: its readings of the last week, what it used today and in the last seven days."""

    view: AccountView
    readings: Sequence[Window]
    today: Sums
    week: Sums


def open_dossier(db: Database, view: AccountView, now: float, zone: datetime.tzinfo | None = None) -> Dossier:
    """Read everything there is to say of an account."""
    seat = view.account.id
    return Dossier(
        view,
        load_readings(db, seat, now - WEEK),
        used_since(db, seat, start_of_day(now, zone)),
        used_since(db, seat, now - WEEK),
    )


def used_since(db: Database, account_id: str, since: float) -> Sums:
    """What one account used from then on."""
    return usage(db, filters=Filters(since, account_id=account_id))[0].sums


def dossier_record(dossier: Dossier, now: float) -> dict[str, Any]:
    """The account as a JSON object: what the list has, and what it used and was read of it."""
    return {
        **account_record(dossier.view, now),
        "usage": {"today": sums_record(dossier.today), "last_7_days": sums_record(dossier.week)},
        "readings": [
            {"minutes": w.minutes, "read_at": w.read_at, "used_percent": w.used_percent, "resets_at": w.resets_at}
            for w in dossier.readings
        ],
    }


def page(dossier: Dossier, now: float, width: int, zone: datetime.tzinfo | None = None) -> Group:
    """The account, its windows with their history, and what it used; `width` characters wide at most."""
    sums = [("Today", dossier.today), ("Last 7 days", dossier.week)]
    return Group(
        Text(dossier.view.account.name, "bold"),
        Padding(facts(dossier.view, now, zone), (1, 0), expand=False),
        Padding(history(dossier, now, width, zone), (0, 0, 1, 0), expand=False),
        usage_table("Used", sums, width),
    )


def facts(view: AccountView, now: float, zone: datetime.tzinfo | None) -> Table:
    """What is known of an account in words, a line each."""
    account = view.account
    found = Table.grid(Column(style="dim", no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    found.add_row("Status", Text(" ".join(status_phrases(view, now, zone)), status_style(view.status)))
    found.add_row("E-mail", account.email)
    found.add_row("Plan", account.plan)
    found.add_row("Id", account.id)
    found.add_row("Workspace", account.chatgpt_account_id)
    found.add_row("Residency", residency(account))
    found.add_row("Weight", f"{account.weight:g}")
    found.add_row("In flight", str(view.in_flight))
    found.add_row("Token", token(view, now, zone))
    found.add_row("Last error", last_error(view, now, zone))
    found.add_row("Added", moment(account.added_at, now, zone))
    return found


def residency(account: Account) -> str:
    """Where the account's workspace demands its requests."""
    demands = [account.origin, account.routing_override and f"routing {account.routing_override}"]
    if account.fedramp:
        demands.append("FedRAMP")
    return ", ".join(demand for demand in demands if demand) or "none demanded"


def token(view: AccountView, now: float, zone: datetime.tzinfo | None) -> str:
    """How old the access token is, and until when it is good."""
    found = []
    if view.token_refreshed_at is not None:
        found.append(f"refreshed {age(now - view.token_refreshed_at)} ago")
    if (end := view.token_expires_at) is not None:
        at = moment(end, now, zone)
        found.append(f"expired {age(now - end)} ago, at {at}" if end <= now else f"good {duration(end - now)}, to {at}")
    return ", ".join(found) or "of unknown age"


def last_error(view: AccountView, now: float, zone: datetime.tzinfo | None) -> str:
    """What went wrong last, and when."""
    if view.last_error is None or view.last_error_at is None:
        return "none"
    return f"{view.last_error}, {age(now - view.last_error_at)} ago ({moment(view.last_error_at, now, zone)})"


def history(dossier: Dossier, now: float, width: int, zone: datetime.tzinfo | None) -> Table:
    """The windows as they are, and a line of how they were: over a day for the short ones, over a week for the rest."""
    windows = dossier.view.windows
    found = table(
        Column("Limit", no_wrap=True, style="dim"),
        Column("Used", no_wrap=True),
        figures(""),
        figures("Resets in"),
        Column("at", no_wrap=True, style="dim"),
        Column("History", no_wrap=True),
    )
    bars = bar_width(width, LINE_WIDTH + len(" 24 h"))
    cells = window_cells(windows, bars, now, zone)
    lines = Text("\n").join(_line(window, dossier.readings, now) for window in windows)
    found.add_row(*cells, *[""] * (5 - len(cells)), lines)
    return found


def _line(window: Window, readings: Sequence[Window], now: float) -> Text:
    of_window = [reading for reading in readings if reading.minutes == window.minutes]
    span, name = (DAY, "24 h") if window.minutes * MINUTE <= DAY else (WEEK, "7 d")
    return Text.assemble(sparkline(of_window, now - span, now, LINE_WIDTH), (f" {name}", "dim"))
