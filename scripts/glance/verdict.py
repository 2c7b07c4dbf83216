"""Whether enough is left: views of accounts and what is asked of them go in, a verdict comes out."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.quantity import MINUTE
from codexlb_store.windows import Window, used_now
from scripts.lengths import parse_length

NAMED_WINDOWS = {"daily": 1440, "day": 1440, "weekly": 10_080, "week": 10_080, "monthly": 43_200, "month": 43_200}
"""Minutes."""

SERVE_NOTHING_NEW = frozenset(
    {AccountStatus.PAUSED, AccountStatus.DRAINING, AccountStatus.NEEDS_LOGIN, AccountStatus.DEACTIVATED}
)


class Answer(enum.StrEnum):
    """Whether enough is left."""

    ENOUGH = "enough"
    BELOW = "below"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: percent that must be left, of which window (minutes; None: of each account its fullest).

    Of every account or of any; readings older than `max_age_seconds` count for nothing.
    """

    min_remaining: float
    minutes: int | None = None
    of_every: bool = False
    max_age_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Remaining:
    """What one account has left of a window, in percent; None where the reading is too old to say."""

    view: AccountView
    window: Window
    percent: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, the account that decides it (the best of any, the worst of every one), and all that counted."""

    answer: Answer
    deciding: Remaining | None
    counted: Sequence[Remaining]


def parse_window(text: str) -> int:
    """The minutes of `5h`, `weekly`, `week`, `7d`, `monthly` or a number of minutes; ValueError says what helps."""
    word = text.strip().lower()
    seconds = parse_length(word)
    minutes = NAMED_WINDOWS.get(word) or (int(word) if word.isdecimal() else (seconds or 0) // MINUTE)
    if minutes < 1:
        raise ValueError(f"{text!r} is no window: write 5h, weekly, monthly, another length such as 7d, or minutes.")
    return minutes


def serving(views: Iterable[AccountView]) -> list[AccountView]:
    """The accounts that new work may go to, now or once a limit is over."""
    return [view for view in views if view.status not in SERVE_NOTHING_NEW]


def judge(views: Iterable[AccountView], asked: Asked, now: float) -> Verdict:
    """Whether these accounts have enough left at `now`; those that have no such window are not limited by it."""
    counted = [found for view in views if (found := _remaining(view, asked, now))]
    known = [one for one in counted if one.percent is not None]
    enough = [one for one in known if (one.percent or 0) >= asked.min_remaining]
    below = [one for one in known if one not in enough]
    decides_at_once, other = (below, enough) if asked.of_every else (enough, below)
    if decides_at_once:
        answer = Answer.BELOW if asked.of_every else Answer.ENOUGH
    elif not counted or len(known) < len(counted):
        answer = Answer.UNAVAILABLE  # what is not known could decide it
    else:
        answer = Answer.ENOUGH if asked.of_every else Answer.BELOW
    pick = min if asked.of_every else max
    deciding = decides_at_once or other
    return Verdict(answer, pick(deciding, key=lambda one: one.percent or 0) if deciding else None, counted)


def _remaining(view: AccountView, asked: Asked, now: float) -> Remaining | None:
    windows = [window for window in view.windows if asked.minutes in (None, window.minutes)]
    if not windows:
        return None
    stale = [window for window in windows if now - window.read_at > asked.max_age_seconds]
    fullest = max(stale or windows, key=lambda window: used_now(window, now))
    return Remaining(view, fullest, None if stale else 100 - used_now(fullest, now))
