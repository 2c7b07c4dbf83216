"""What a person should do about an account: its view goes in, one sentence comes out, or nothing."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.quantity import moment
from scripts.accounts.naming import typed


def advice(view: AccountView, handle: str, now: float, zone: datetime.tzinfo | None = None) -> str | None:
    """The sentence, with the command to run; `handle` is what to type for the account."""
    name, reason = view.account.name, view.account.state_reason
    match view.status:
        case AccountStatus.NEEDS_LOGIN:
            return f"{name} needs a login: run `codexlb accounts login --account {handle}`."
        case AccountStatus.DEACTIVATED:
            return (
                f"{name} is deactivated by the upstream: run `codexlb accounts check {handle}` when it should be back."
            )
        case _ if reason:
            until = view.token_expires_at
            end = f"good until {moment(until, now, zone)}" if until is not None and until > now else "no good"
            return f"The login of {name} is {end} ({reason}): run `codexlb accounts login --account {handle}`."
        case _:
            return None


def all_advice(views: Sequence[AccountView], now: float, zone: datetime.tzinfo | None = None) -> Iterable[str]:
    """What to do about each of these accounts that a person should look at."""
    accounts = [view.account for view in views]
    found = (advice(view, typed(view.account, accounts), now, zone) for view in views)
    return [sentence for sentence in found if sentence]
