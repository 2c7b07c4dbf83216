"""Estimates against the upstream's own count: readings of a window and what ran between them go in, out comes what
the readings imply for the requests whose use was estimated.

Between two readings a window's used percent grows by what ran in between. Where all of that is known, it tells what
one percent is worth (in US dollars of the public API, the one measure that all requests have); where estimated
requests ran as well, the rest of the growth is theirs. Readings are whole percents, so each stretch is right to one
percent either way; and what somebody used without this proxy counts as if it had been the estimated requests.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from codexlb_store.windows import Window

RESOLUTION_PERCENT = 1.0
"""How far a difference of two readings may be off."""

SAME_RESET_SECONDS = 300
"""Two readings of one window may differ so much in when it resets, and not be of two windows."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one request used of an account when it ended (unix seconds): dollars known, or estimated, or neither."""

    ended_at: float
    cost_usd: float | None
    estimated_usd: float | None


@dataclass(frozen=True, slots=True)
class Range:
    """From what to what something may be."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a window's readings say of estimates: how many there were between readings, and of how many dollars.

    `usd_per_percent` is what one percent of the window is worth, `implied_usd` what the estimated requests used; both
    None when the readings are too few or too coarse to tell.
    """

    estimates: int
    estimated_usd: float
    usd_per_percent: Range | None
    implied_usd: Range | None


class _Kind(enum.Enum):
    KNOWN = 1
    ESTIMATED = 2
    USELESS = 3


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From one reading to a later one: by how much the percentage grew, and what ran."""

    kind: _Kind
    percent: float
    known_usd: float
    estimates: int
    estimated_usd: float


def reconcile(readings: Sequence[Window], uses: Sequence[Use]) -> Reconciliation:
    """Compare the readings of one window with what its account was used for; both in the order of time."""
    stretches = [_joined(list(group)) for _, group in groupby(_stretches(readings, uses), lambda one: one.kind)]
    known = [one for one in stretches if one.kind is _Kind.KNOWN and one.known_usd]
    estimated = [one for one in stretches if one.kind is _Kind.ESTIMATED]
    price = _price_of_percent(known)
    return Reconciliation(
        estimates=sum(one.estimates for one in estimated),
        estimated_usd=sum(one.estimated_usd for one in estimated),
        usd_per_percent=price,
        implied_usd=_implied(estimated, price) if price and estimated else None,
    )


def _stretches(readings: Sequence[Window], uses: Sequence[Use]) -> Iterator[_Stretch]:
    """What happened between each reading and the next."""
    place = 0
    for earlier, later in pairwise(readings):
        ran = []
        while place < len(uses) and uses[place].ended_at <= later.read_at:
            if uses[place].ended_at > earlier.read_at:
                ran.append(uses[place])
            place += 1
        yield _stretch(earlier, later, ran)


def _stretch(earlier: Window, later: Window, ran: Sequence[Use]) -> _Stretch:
    costs = [use.cost_usd for use in ran if use.cost_usd is not None]
    estimates = [use.estimated_usd for use in ran if use.cost_usd is None and use.estimated_usd is not None]
    if len(costs) + len(estimates) < len(ran) or not is_one_window(earlier, later):
        kind = _Kind.USELESS
    else:
        kind = _Kind.ESTIMATED if estimates else _Kind.KNOWN
    return _Stretch(kind, later.used_percent - earlier.used_percent, sum(costs), len(estimates), sum(estimates))


def is_one_window(earlier: Window, later: Window) -> bool:
    """Whether no reset lies between two readings."""
    if later.used_percent < earlier.used_percent:
        return False
    if earlier.resets_at is None or later.resets_at is None:
        return earlier.resets_at is later.resets_at
    return later.read_at < earlier.resets_at and abs(later.resets_at - earlier.resets_at) <= SAME_RESET_SECONDS


def _joined(stretches: Sequence[_Stretch]) -> _Stretch:
    """One after the other they are as exact as one alone."""
    return _Stretch(
        stretches[0].kind,
        sum(one.percent for one in stretches),
        sum(one.known_usd for one in stretches),
        sum(one.estimates for one in stretches),
        sum(one.estimated_usd for one in stretches),
    )


def _price_of_percent(known: Sequence[_Stretch]) -> Range | None:
    """What one percent is worth; None when the percentage grew by no more than it may be off."""
    percent, off = sum(one.percent for one in known), RESOLUTION_PERCENT * len(known)
    if percent <= off:
        return None
    usd = sum(one.known_usd for one in known)
    return Range(usd / (percent + off), usd / (percent - off))


def _implied(estimated: Sequence[_Stretch], price: Range) -> Range:
    """What is left of the growth for the estimated requests."""
    percent, off = sum(one.percent for one in estimated), RESOLUTION_PERCENT * len(estimated)
    known_usd = sum(one.known_usd for one in estimated)
    low, high = (percent - off) * price.low - known_usd, (percent + off) * price.high - known_usd
    return Range(max(low, 0.0), max(high, 0.0))
