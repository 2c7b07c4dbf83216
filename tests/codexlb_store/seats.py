"""Accounts as the pool sees them, in a few words: plan, status and windows, all times in hours from now."""

from __future__ import annotations

from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Standing
from codexlb_store.windows import Window

NOW = 1_800_000_000.0
HOUR = 3600.0
SHORT, WEEK, MONTH = 300, 10_080, 43_200
ACTIVE, LIMITED, COOLING = AccountStatus.ACTIVE, AccountStatus.LIMITED, AccountStatus.COOLING

Read = tuple[int, float, float | None]
"""A window's minutes, percent used, and hours until its reset."""
One = tuple[str, AccountStatus, float | None, tuple[Read, ...]]
"""A plan, a status, hours until that ends, and windows."""


def one(*windows: Read, plan: str = "plus", status: AccountStatus = ACTIVE, until: float | None = None) -> One:
    return plan, status, until, windows


def at(hours: float | None) -> float | None:
    return None if hours is None else NOW + hours * HOUR


def window(account: str, minutes: int, used: float, hours: float | None) -> Window:
    """Read just now, or when it ended."""
    return Window(account, minutes, used, at(hours), NOW + min(hours or 0, 0) * HOUR)


def taken_together(*accounts: One) -> tuple[list[Standing], dict[str, tuple[Window, ...]]]:
    """The accounts a0, a1, ... as the pool has them."""
    standings = [
        Standing(f"a{number}", plan, status, at(until)) for number, (plan, status, until, _) in enumerate(accounts)
    ]
    windows = {
        f"a{number}": tuple(window(f"a{number}", *of_one) for of_one in read)
        for number, (*_, read) in enumerate(accounts)
    }
    return standings, windows
