"""How an account's status is put: a view of the account goes in, words and a colour come out."""

from __future__ import annotations

import datetime

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.quantity import moment, window_name


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


def status_phrases(view: AccountView, now: float, zone: datetime.tzinfo | None) -> tuple[str, ...]:
    """What is said of a status: `limited (5 h)` and `until 18:44`, or `needs login` and `(token_expired)`."""
    status = view.status.replace("_", " ")
    if view.status is AccountStatus.LIMITED and view.limited_by:
        status += f" ({window_name(view.limited_by.minutes)})"
    reason = view.account.state_reason if view.status is view.account.state else None
    return (
        status,
        *([f"({reason})"] if reason else []),
        *([] if view.until is None else [f"until {moment(view.until, now, zone)}"]),
    )
