"""The accounts: their views go in, what each can do, how good its login is, and whether any serves comes out."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.quantity import DAY, HOUR, age, duration, moment, percent, window_name
from codexlb_store.windows import used_now
from scripts.accounts.advice import advice
from scripts.accounts.naming import typed
from scripts.accounts.problems import in_words
from scripts.accounts.status import status_phrases
from scripts.doctor.finding import Finding, Verdict

STALE_SECONDS = HOUR
"""A proxy asks for usage every five minutes."""


def check_accounts(
    views: Sequence[AccountView], is_served: bool, now: float, zone: datetime.tzinfo | None = None
) -> list[Finding]:
    """One finding for each account, after one for all; `is_served` says whether a proxy runs on this store."""
    accounts = [view.account for view in views]
    each = [_account(view, typed(view.account, accounts), is_served, now, zone) for view in views]
    return [_pool(views, next((one.mend for one in each if one.mend), None), now, zone), *each]


def _pool(views: Sequence[AccountView], mend: str | None, now: float, zone: datetime.tzinfo | None) -> Finding:
    if not views:
        return Finding("accounts", Verdict.ERROR, "There is no account yet.", "codexlb accounts login")
    active = [view for view in views if view.status is AccountStatus.ACTIVE]
    ends = [view.until for view in views if view.until is not None]
    if active:
        count = f"{len(active)} of {len(views)} accounts can serve" if len(views) > 1 else "The account can serve"
        return Finding("accounts", Verdict.OK, f"{count}.")
    if ends:
        back = moment(min(ends), now, zone)
        sentence = f"No account can serve now; the first is back at {back}, or another one is added."
        return Finding("accounts", Verdict.ERROR, sentence, "codexlb accounts login")
    sentence = "No account can serve: see below what each one needs."
    return Finding("accounts", Verdict.ERROR, sentence, mend)


def _account(view: AccountView, handle: str, is_served: bool, now: float, zone: datetime.tzinfo | None) -> Finding:
    name = view.account.name
    verdict, mend = _verdict(view, handle, is_served, now)
    said = [" ".join(status_phrases(view, now, zone)), _token(view, now, zone), *_windows(view, now)]
    if problem := _problem(view, now):
        said.append(problem)
    if verdict is Verdict.WARNING and view.account.state_reason and advice(view, handle, now, zone):
        said.append(in_words(view.account.state_reason))
    return Finding("account", verdict, f"{'; '.join(dict.fromkeys(said))}.", mend, subject=name)


def _verdict(view: AccountView, handle: str, is_served: bool, now: float) -> tuple[Verdict, str | None]:
    match view.status:
        case AccountStatus.NEEDS_LOGIN:
            return Verdict.ERROR, f"codexlb accounts login --account {handle}"
        case AccountStatus.DEACTIVATED:
            return Verdict.ERROR, f"codexlb accounts check {handle}"
        case AccountStatus.PAUSED | AccountStatus.DRAINING:
            return Verdict.NOTE, f"codexlb accounts resume {handle}"
        case _ if view.account.state_reason:
            return Verdict.WARNING, f"codexlb accounts login --account {handle}"
        case _ if not _is_good(view, now):
            # A proxy refreshes in time; without one an old token is no trouble.
            return (Verdict.WARNING if is_served else Verdict.NOTE), f"codexlb accounts refresh {handle}"
        case AccountStatus.LIMITED | AccountStatus.COOLING:
            return Verdict.NOTE, None
        case _ if is_served and _is_stale(view, now):
            return Verdict.NOTE, f"codexlb accounts check {handle}"
        case _:
            return Verdict.OK, None


def _is_good(view: AccountView, now: float) -> bool:
    return view.token_expires_at is None or view.token_expires_at > now


def _is_stale(view: AccountView, now: float) -> bool:
    return all(now - window.read_at > STALE_SECONDS for window in view.windows)


def _token(view: AccountView, now: float, zone: datetime.tzinfo | None) -> str:
    refreshed, end = view.token_refreshed_at, view.token_expires_at
    known = "token" if refreshed is None else f"token refreshed {age(now - refreshed)} ago"
    if end is None:
        return known if refreshed is not None else "token of unknown age"
    if end <= now:
        return f"{known}, expired {age(now - end)} ago"
    return f"{known}, good for {duration(end - now)}"


def _windows(view: AccountView, now: float) -> Iterator[str]:
    if not view.windows:
        yield "usage never read"
        return
    used = [f"{window_name(window.minutes)} {percent(used_now(window, now))}" for window in view.windows]
    read = max(window.read_at for window in view.windows)
    yield f"{', '.join(used)} used" + (f", read {age(now - read)} ago" if now - read > STALE_SECONDS else "")


def _problem(view: AccountView, now: float) -> str | None:
    """What went wrong last, if that was lately and is not the status itself."""
    if view.last_error is None or view.last_error_at is None or now - view.last_error_at > DAY:
        return None
    if view.last_error == view.account.state_reason:
        return None
    return f"{in_words(view.last_error)} {age(now - view.last_error_at)} ago"
