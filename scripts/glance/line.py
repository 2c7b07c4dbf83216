"""The pool in one line: views of accounts go in, as much as fits into a width comes out."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter
from unicodedata import east_asian_width

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import Account, AccountStatus
from codexlb_store.quantity import HOUR, UNKNOWN, moment, percent, window_name
from codexlb_store.windows import Window, used_now
from scripts.glance.pool import Pool
from scripts.report.printable import printable

BETWEEN_ACCOUNTS, BETWEEN_WINDOWS = " | ", " · "

STALE_SECONDS = HOUR
"""Usage is asked of the upstream every five minutes; what is older than this has a question mark."""

_WHOLE_NAME, _ID = attrgetter("name"), attrgetter("id")

SERVES = frozenset({AccountStatus.ACTIVE, AccountStatus.DRAINING})


def pool_line(pool: Pool, now: float, width: int, zone: datetime.tzinfo | None = None) -> str:
    """The accounts and the requests that run, in a line of at most `width` characters.

    Where there is no room, of each account only its fullest window is shown, then fewer accounts.
    """
    for line in _ever_shorter(pool, now, zone):
        if line_width(line) <= width:
            return line
    return _cut(line, width)


def _ever_shorter(pool: Pool, now: float, zone: datetime.tzinfo | None) -> Iterator[str]:
    names = short_names([view.account for view in pool.views])
    running = [f"{pool.in_flight} in flight"] if pool.in_flight else []
    long, short = (
        [_account(view, names[view.account.id], now, zone, is_short) for view in pool.views]
        for is_short in (False, True)
    )
    yield BETWEEN_ACCOUNTS.join([*long, *running])
    yield BETWEEN_ACCOUNTS.join([*short, *running])
    for shown in range(len(short) - 1, 0, -1):
        yield BETWEEN_ACCOUNTS.join([*short[:shown], f"+{len(short) - shown} more", *running])
    yield short[0]


def _account(view: AccountView, name: str, now: float, zone: datetime.tzinfo | None, is_short: bool) -> str:
    if view.status not in SERVES:
        status = view.status.replace("_", " ")
        return f"{name} {status}" + ("" if view.until is None else f" till {moment(view.until, now, zone)}")
    windows: Sequence[Window] = view.windows
    if is_short and windows:
        windows = [max(windows, key=lambda window: used_now(window, now))]
    words = [name, *(["draining"] if view.status is AccountStatus.DRAINING else [])]
    words.append(BETWEEN_WINDOWS.join(_window(window, now) for window in windows) or UNKNOWN)
    return " ".join(words)


def _window(window: Window, now: float) -> str:
    doubt = "?" if now - window.read_at > STALE_SECONDS else ""
    return f"{window_name(window.minutes).replace(' ', '')} {percent(used_now(window, now))}{doubt}"


def short_names(accounts: Sequence[Account]) -> dict[str, str]:
    """What to call each account in few characters, by id: its alias, else the part of its e-mail before the @.

    Two that would be called the same have their whole names, and two of one name their ids.
    """
    names = {account.id: account.alias or account.email.partition("@")[0] for account in accounts}
    for longer in (_WHOLE_NAME, _ID):
        taken = Counter(names.values())
        names |= {account.id: longer(account) for account in accounts if taken[names[account.id]] > 1}
    return {account: printable(name) for account, name in names.items()}


def line_width(text: str) -> int:
    """The columns a text takes in a terminal."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _cut(text: str, width: int) -> str:
    while text and line_width(text) > width - 1:
        text = text[:-1]
    return f"{text}…" if width > 0 else ""
