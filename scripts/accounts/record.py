"""An account as its owner gets it as data: what machines get, and which seat it is and where it is served."""

from __future__ import annotations

from typing import Any

from codexlb_store import account_record as machines
from codexlb_store.account_views import AccountView


def account_record(view: AccountView, now: float) -> dict[str, Any]:
    """One account as a JSON object."""
    account = view.account
    return {
        **machines.account_record(view, now),
        "user_id": account.user_id,
        "chatgpt_account_id": account.chatgpt_account_id,
        "origin": account.origin,
        "routing_override": account.routing_override,
    }
