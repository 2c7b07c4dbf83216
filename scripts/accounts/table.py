"""All accounts at one look: views of accounts go in, a rich table comes out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.quantity import DAY, age
from scripts.accounts.status import status_phrases, status_style
from scripts.accounts.windows import WIDTH_BESIDE_BARS, bar_width, window_cells
from scripts.bars import NARROWEST_BAR, WIDEST_BAR
from scripts.remarks import Remark, folded
from scripts.report.labels import account_names
from scripts.terminal import figures, table

NO_ACCOUNTS = "No accounts yet: add one with `codexlb accounts login`."

NARROWEST_IDENTITY = len("limited (week) until Wed 18:44")
WIDEST_IDENTITY = len("limited (week) until Wed 18:44 · token 20 h old")
"""That status in one line, and with its details; columns stay where they are while requests come and go."""

GOOD_BAR = 20
"""Beyond it a bar tells hardly more, and the room is better used for details."""

ERROR_SECONDS = DAY
"""An error of long ago tells nothing of how an account is now."""

NORMAL_WEIGHT = 1.0

EXPLAIN_THEMSELVES = frozenset({AccountStatus.LIMITED, AccountStatus.NEEDS_LOGIN, AccountStatus.DEACTIVATED})
"""The last error of such an account is what its status says already."""


def accounts_table(
    views: Iterable[AccountView], now: float, width: int, zone: datetime.tzinfo | None = None, detailed: bool = False
) -> Table:
    """One row per account and in it one line per window, `width` characters wide at most.

    Clock times are in `zone` (None: this machine's). `detailed` adds the token's age and the last error.
    """
    shown = list(views)
    names = account_names(view.account for view in shown)
    heads = [f"{names[view.account.id]} · {view.account.plan}" for view in shown]
    identity_width = _identity_width(width, max(map(cell_len, heads), default=0), detailed)
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
    bars = bar_width(width, identity_width)
    for view in shown:
        remarks = [*_standing(view, now, zone), *(_details(view, now) if detailed else [])]
        identity = _identity(names[view.account.id], view.account.plan, remarks, identity_width)
        found.add_row(identity, *window_cells(view.windows, bars, now, zone))
    return found


def _identity_width(width: int, longest: int, detailed: bool) -> int:
    """Room for every name while the bars keep some, and all that the widest bars do not need; in characters."""
    beside = {bar: width - WIDTH_BESIDE_BARS - bar for bar in (NARROWEST_BAR, GOOD_BAR, WIDEST_BAR)}
    for_details = min(WIDEST_IDENTITY, beside[GOOD_BAR]) if detailed else 0
    return max(NARROWEST_IDENTITY, beside[WIDEST_BAR], for_details, min(longest, beside[NARROWEST_BAR]))


def _identity(name: str, plan: str, remarks: list[Remark], width: int) -> Text:
    """Name and plan in the first line if they fit, what is said of the account below."""
    head, said = [Remark((name,), "bold"), Remark((plan,), "dim")], remarks
    if cell_len(f"{name} · {plan}") > width:
        head, said = head[:1], [*head[1:], *remarks]
    return Text("\n").join([folded(head, width), folded(said, width)])


def _standing(view: AccountView, now: float, zone: datetime.tzinfo | None) -> list[Remark]:
    status = Remark(status_phrases(view, now, zone), status_style(view.status))
    return [status, Remark((f"{view.in_flight} in flight",), "cyan")] if view.in_flight else [status]


def _details(view: AccountView, now: float) -> list[Remark]:
    weight = view.account.weight
    found = [] if weight == NORMAL_WEIGHT else [Remark((f"weight {weight:g}",), "dim")]
    if view.token_expires_at is not None and view.token_expires_at <= now:
        found.append(Remark((f"token expired {age(now - view.token_expires_at)} ago",), "yellow"))
    elif view.token_refreshed_at is not None:
        found.append(Remark((f"token {age(now - view.token_refreshed_at)} old",), "dim"))
    if is_worth_telling(view, now) and view.last_error and view.last_error_at is not None:
        found.append(Remark((view.last_error, f"{age(now - view.last_error_at)} ago"), "dim"))
    return found


def is_worth_telling(view: AccountView, now: float) -> bool:
    """Whether the last error says more than the status does."""
    if view.status in EXPLAIN_THEMSELVES or view.last_error == view.account.state_reason:
        return False
    return view.last_error_at is not None and now - view.last_error_at < ERROR_SECONDS
