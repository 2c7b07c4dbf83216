"""How a key's status is put: a key goes in, words and a colour come out."""

from __future__ import annotations

import datetime

from codexlb_store.keyring import KeyProblem, problem_of
from codexlb_store.keys import Key, Secret
from codexlb_store.quantity import DAY, age, duration, moment
from scripts.remarks import Remark

ACTIVE = "active"

SOON_SECONDS = 7 * DAY
"""A key that expires within it is worth a look."""

SAME_YEAR_SECONDS = 300 * DAY
"""Within it a day and a month mean one year only."""


def problem_now(key: Key, now: float) -> KeyProblem | None:
    """Why the key, in its newest form, lets nobody in; None when it does."""
    return problem_of(key, key.secrets[-1], now)


def status_style(problem: KeyProblem | None) -> str:
    """The colour of a status: green serves, yellow stopped by itself, grey is wanted so."""
    match problem:
        case None:
            return "green"
        case KeyProblem.EXPIRED:
            return "yellow"
        case KeyProblem.DISABLED | KeyProblem.REVOKED | KeyProblem.REPLACED | KeyProblem.UNKNOWN:
            return "dim"


def remarks(key: Key, now: float, zone: datetime.tzinfo | None = None) -> list[Remark]:
    """What is said of a key beside its name: its status and beginning, its last use, its end."""
    problem = problem_now(key, now)
    found = [Remark((status_text(key, now),), status_style(problem)), Remark((key.secrets[-1].prefix,), "dim")]
    if problem is KeyProblem.REVOKED:
        return found
    found += [Remark((old.prefix, f"until {moment(until, now, zone)}"), "yellow") for old, until in replaced(key, now)]
    used = "never used" if key.last_used_at is None else f"used {age(now - key.last_used_at)} ago"
    found.append(Remark((used,), "dim"))
    if key.expires_at is not None and key.expires_at > now:
        left = key.expires_at - now
        found.append(Remark((f"expires in {age(left)}",), "yellow" if left < SOON_SECONDS else "dim"))
    return found


def status_text(key: Key, now: float) -> str:
    """The status and since when: `active`, `expired 3 d ago`."""
    problem = problem_now(key, now)
    began = {
        KeyProblem.REVOKED: key.revoked_at,
        KeyProblem.DISABLED: key.disabled_at,
        KeyProblem.EXPIRED: key.expires_at,
    }
    if problem is None:
        return ACTIVE
    return f"{problem} {age(now - (began.get(problem) or now))} ago"


def replaced(key: Key, now: float) -> list[tuple[Secret, float]]:
    """The former forms of the key that are still good, and until when (unix seconds)."""
    return [(old, old.valid_until) for old in key.secrets if old.valid_until is not None and old.valid_until > now]


def date(unix: float, now: float, zone: datetime.tzinfo | None = None) -> str:
    """A moment that may be years away: 18:40, 20 Dec 18:40, 20 Dec 2028 18:40."""
    if abs(unix - now) < SAME_YEAR_SECONDS:
        return moment(unix, now, zone)
    then = datetime.datetime.fromtimestamp(unix, zone)
    return f"{then.day} {then:%b %Y %H:%M}"


def expiry(key: Key, now: float, zone: datetime.tzinfo | None = None) -> str:
    """When the key ends, in words."""
    if key.expires_at is None:
        return "never"
    at, left = date(key.expires_at, now, zone), key.expires_at - now
    return f"{at}, in {duration(left)}" if left > 0 else f"{at}, {age(-left)} ago"
