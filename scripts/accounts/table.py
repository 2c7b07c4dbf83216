"""How accounts are shown: views of accounts go in, a rich table or plain records for JSON come out."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from codexlb_store.accounts import AccountStatus
from codexlb_store.reports import AccountView
from codexlb_store.windows import Window, used_now
from scripts.quantity import duration, moment, percent, window_name
from scripts.terminal import GAP, figures, table

NO_ACCOUNTS = "No accounts yet: add one with `codexlb accounts import ~/.codex/auth.json`."

WARN_PERCENT, DANGER_PERCENT = 70, 90
"""From here on a window is shown in yellow, and in red: time to look, hardly any room left."""

BAR, TRACK = "━", "╌"

NARROWEST_IDENTITY = len("plus · active · 10 in flight")
"""Keeps the columns where they are while requests come and go."""

NARROWEST_BAR, WIDEST_BAR = 8, 32

WIDTH_BESIDE_BARS = len("month100%23 h 59 min20 Dec 18:40") + 5 * GAP
"""What limit, percentage, countdown and clock time take at most, in characters."""


def usage_style(used_percent: float) -> str:
    """The colour of a window of which this much is used."""
    if used_percent >= DANGER_PERCENT:
        return "red"
    return "yellow" if used_percent >= WARN_PERCENT else "green"


def bar(used_percent: float, width: int) -> Text:
    """A bar of this many characters, filled as far as the window is used: to its end only when it is full."""
    filled = min(width, max(math.floor(width * used_percent / 100), 1 if used_percent > 0 else 0))
    return Text.assemble((BAR * filled, usage_style(used_percent)), (TRACK * (width - filled), "dim"))


def status_style(status: AccountStatus) -> str:
    """The colour of a status: green serves, yellow soon will, red needs a person, grey is wanted so."""
    match status:
        case AccountStatus.ACTIVE:
            return "green"
        case AccountStatus.LIMITED | AccountStatus.COOLING:
            return "yellow"
        case AccountStatus.NEEDS_LOGIN | AccountStatus.DEACTIVATED:
            return "red"
        case AccountStatus.PAUSED | AccountStatus.DRAINING:
            return "dim"


def account_record(view: AccountView, now: float) -> dict[str, Any]:
    """One account as a JSON object; times are unix seconds, unknown is null."""
    return {
        "id": view.account.id,
        "alias": view.account.alias,
        "email": view.account.email,
        "plan": view.account.plan,
        "status": view.status,
        "reason": view.account.state_reason,
        "until": view.until,
        "in_flight": view.in_flight,
        "windows": [
            {"minutes": w.minutes, "used_percent": used_now(w, now), "resets_at": w.resets_at} for w in view.windows
        ],
    }


def accounts_table(views: Iterable[AccountView], now: float, width: int, zone: datetime.tzinfo | None = None) -> Table:
    """One row per account and in it one line per window, `width` characters wide at most.

    Clock times are in `zone` (None: this machine's).
    """
    shown = [(_identity(view, now, zone), view.windows) for view in views]
    lines = [line.cell_len for identity, _ in shown for line in identity.split()]
    bar_width = _bar_width(width, max((NARROWEST_IDENTITY, *lines)))
    found = table(
        # A name is never cut: where the bars have given up all their room it folds.
        Column("Account", overflow="fold", min_width=NARROWEST_IDENTITY),
        Column("Limit", no_wrap=True, style="dim"),
        Column("Used", no_wrap=True),
        figures(""),
        figures("Resets in"),
        Column("at", no_wrap=True, style="dim"),
        leading=1,
    )
    for identity, windows in shown:
        found.add_row(identity, *_windows(windows, bar_width, now, zone))
    return found


def _bar_width(width: int, identity_width: int) -> int:
    """What the other columns leave to the bars, in characters."""
    return max(NARROWEST_BAR, min(WIDEST_BAR, width - identity_width - WIDTH_BESIDE_BARS))


def _identity(view: AccountView, now: float, zone: datetime.tzinfo | None) -> Text:
    status = view.status.replace("_", " ")
    if view.account.state_reason and view.status is view.account.state:
        status += f" ({view.account.state_reason})"
    until = "" if view.until is None else f" until {moment(view.until, now, zone)}"
    flight = f" · {view.in_flight} in flight" if view.in_flight else ""
    return Text.assemble(
        (view.account.name, "bold"),
        (f"\n{view.account.plan} · ", "dim"),
        (status + until, status_style(view.status)),
        (flight, "cyan"),
    )


def _windows(windows: tuple[Window, ...], bar_width: int, now: float, zone: datetime.tzinfo | None) -> list[str | Text]:
    """The cells from `Limit` on, each with one line per window."""
    if not windows:
        return ["", Text("unknown", "dim")]
    used = [used_now(window, now) for window in windows]
    ahead = [w.resets_at if w.resets_at is not None and w.resets_at > now else None for w in windows]
    return [
        "\n".join(window_name(window.minutes) for window in windows),
        Text("\n").join(bar(percentage, bar_width) for percentage in used),
        Text("\n").join(Text(percent(percentage), usage_style(percentage)) for percentage in used),
        "\n".join("" if reset is None else duration(reset - now) for reset in ahead),
        "\n".join("" if reset is None else moment(reset, now, zone) for reset in ahead),
    ]
