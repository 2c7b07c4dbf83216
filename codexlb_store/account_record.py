"""An account as machines get it: its view goes in, a JSON object comes out. Times are unix seconds, unknown is null."""

from __future__ import annotations

from typing import Any

from codexlb_store.account_views import AccountView
from codexlb_store.windows import Window, used_now


def account_record(view: AccountView, now: float) -> dict[str, Any]:
    """An account with its windows."""
    account = view.account
    return {
        "id": account.id,
        "alias": account.alias,
        "email": account.email,
        "plan": account.plan,
        "status": view.status,
        "reason": account.state_reason,
        "until": view.until,
        "limited_by": view.limited_by and view.limited_by.minutes,
        "in_flight": view.in_flight,
        "weight": account.weight,
        "windows": [window_record(window, now) for window in view.windows],
        "last_error": None if view.last_error is None else {"code": view.last_error, "at": view.last_error_at},
        "token": {"refreshed_at": view.token_refreshed_at, "expires_at": view.token_expires_at},
        "added_at": account.added_at,
    }


def window_record(window: Window, now: float) -> dict[str, Any]:
    """What is used of a window at `now`, and when that was read."""
    return {
        "minutes": window.minutes,
        "used_percent": used_now(window, now),
        "resets_at": window.resets_at,
        "read_at": window.read_at,
    }
