"""Views of accounts for what people are shown: what a test does not name has a plain value."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import Account, AccountStatus
from codexlb_store.windows import Window

NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=datetime.UTC).timestamp()

HOUR, DAY = 3600.0, 86_400.0

DERIVED = frozenset({AccountStatus.LIMITED, AccountStatus.COOLING})


def view(
    name: str,
    status: AccountStatus = AccountStatus.ACTIVE,
    windows: Iterable[tuple[int, float, float | None]] = (),
    reason: str | None = None,
    **more: Any,
) -> AccountView:
    """An account of that e-mail, its windows as minutes, percent used and seconds to the reset; `more` as in a view."""
    email, _, alias = name.partition(" as ")
    state = AccountStatus.ACTIVE if status in DERIVED else status
    account = Account(
        f"id-of-{alias or email}", alias or None, email, "plus", email, "acct", False, state, reason, None, 1.0, NOW
    )
    found = tuple(
        Window(name, minutes, used, None if left is None else NOW + left, NOW) for minutes, used, left in windows
    )
    plain: dict[str, Any] = {"until": None, "in_flight": 0, "limited_by": None}
    return AccountView(account, status, windows=found, **plain | more)


def on(plan: str, shown: AccountView) -> AccountView:
    """The same account on another plan."""
    return replace(shown, account=replace(shown.account, plan=plan))
