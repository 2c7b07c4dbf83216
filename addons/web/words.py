"""How figures of the store are put into words, and in which tone: pure, and as in the report."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from codexlb_store.account_views import AccountView
from codexlb_store.accounts import AccountStatus
from codexlb_store.choices import Considered
from codexlb_store.exchanges import ExchangeRow
from codexlb_store.forecast import Pace, PaceState
from codexlb_store.ledger import AttemptRow, Outcome
from codexlb_store.phrases import EXCLUSIONS
from codexlb_store.quantity import duration, moment, percent, window_name

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
LONGEST = 300
"""Characters of one text; nobody reads on, and one client must not fill the page."""

WARN_PERCENT, DANGER_PERCENT = 70, 90
"""Of a limit: time to look, hardly any room left."""

USUAL_TIERS = ("default", "standard", "auto")
"""Service tiers that go without saying."""


class Tone(enum.StrEnum):
    """How something is: the name of its colour in the style sheet."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    QUIET = "quiet"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Said:
    """A few words and their tone."""

    text: str
    tone: Tone


def printable(text: str) -> str:
    """The text without line ends, control characters and marks that turn the direction of writing; never overlong."""
    shown = "".join(character if character.isprintable() else REPLACEMENT for character in text[: LONGEST + 1])
    return f"{shown[: LONGEST - 1]}…" if len(shown) > LONGEST else shown


def use_tone(used_percent: float) -> Tone:
    """The tone of a limit of which this much is used."""
    if used_percent >= DANGER_PERCENT:
        return Tone.BAD
    return Tone.WARN if used_percent >= WARN_PERCENT else Tone.GOOD


def outcome_tone(outcome: str | None) -> Tone:
    """The tone of how a request ended; None: it runs."""
    match outcome:
        case Outcome.COMPLETED:
            return Tone.GOOD
        case Outcome.INCOMPLETE | Outcome.CANCELLED | Outcome.REFUSED:
            return Tone.WARN
        case Outcome.FAILED | Outcome.LOST:
            return Tone.BAD
        case _:
            return Tone.BUSY


def status_said(view: AccountView, now: float) -> Said:
    """An account's status: limited (5 h) until 18:44, needs login (token_expired)."""
    words = view.status.replace("_", " ")
    if view.status is AccountStatus.LIMITED and view.limited_by:
        words += f" ({window_name(view.limited_by.minutes)})"
    if view.status is view.account.state and view.account.state_reason:
        words += f" ({view.account.state_reason})"
    until = "" if view.until is None else f" until {moment(view.until, now, None)}"
    return Said(words + until, status_tone(view.status))


def status_tone(status: AccountStatus) -> Tone:
    """Green serves, yellow soon will, red needs a person, grey is wanted so."""
    match status:
        case AccountStatus.ACTIVE:
            return Tone.GOOD
        case AccountStatus.LIMITED | AccountStatus.COOLING:
            return Tone.WARN
        case AccountStatus.NEEDS_LOGIN | AccountStatus.DEACTIVATED:
            return Tone.BAD
        case AccountStatus.PAUSED | AccountStatus.DRAINING:
            return Tone.QUIET


def pace_said(pace: Pace) -> Said:
    """What is used of a window against an even pace."""
    points = "" if pace.ahead_percent is None else f" {abs(pace.ahead_percent):.0f}%"
    match pace.state:
        case PaceState.ON_TRACK:
            return Said("on track", Tone.GOOD)
        case PaceState.AHEAD:
            return Said(f"ahead{points}", Tone.WARN)
        case PaceState.BEHIND:
            return Said(f"behind{points}", Tone.QUIET)
        case PaceState.NOT_STARTED:
            return Said("not started", Tone.QUIET)
        case PaceState.UNKNOWN:
            return Said("pace n/a", Tone.QUIET)


def end_said(pace: Pace, used_percent: float, now: float) -> Said | None:
    """When a window runs out, or that it lasts until it resets; None where that is not known."""
    if used_percent >= 100:
        return Said("used up", Tone.BAD)
    if pace.runs_out_at is not None:
        return Said(f"runs out {moment(pace.runs_out_at, now, None)}", Tone.BAD)
    return Said("lasts", Tone.QUIET) if pace.lasts else None


def asked_for(row: ExchangeRow) -> str:
    """The model, effort and tier of a request; of one without a model what kind it is of."""
    tier = None if row.tier in USUAL_TIERS else row.tier
    return " ".join(word for word in (row.model or row.kind, row.effort, tier) if word)


def failure_words(attempt: AttemptRow) -> str | None:
    """Why an attempt failed: rate limited 429; None for the one that served."""
    if attempt.failure is None:
        return None
    return attempt.failure.replace("_", " ") + ("" if attempt.status is None else f" {attempt.status}")


def exclusion_words(one: Considered) -> str | None:
    """Why an account was out of the question; None when it was not."""
    return None if one.excluded is None else EXCLUSIONS.get(one.excluded, one.excluded.replace("_", " "))


def term_words(name: str, value: float) -> str:
    """A factor of a weight, its unit taken from its name: long used 47%, long reset 3 d 4 h."""
    for unit, written in (("_percent", percent), ("_seconds", duration)):
        if name.endswith(unit):
            return f"{name.removesuffix(unit).replace('_', ' ')} {written(value)}"
    return f"{name.replace('_', ' ')} {weight_words(value)}"


def weight_words(value: float) -> str:
    """A weight or a factor of one, three digits of it or all before the point: 0.25, 1, 15,600."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def clock(unix: float, now: float) -> str:
    """When something was, of today to the second: 18:40:07, Wed 18:40."""
    then, today = (datetime.datetime.fromtimestamp(at) for at in (unix, now))
    return f"{then:%H:%M:%S}" if then.date() == today.date() else moment(unix, now, None)
