"""The accounts' limits taken together: how each account stands and its windows go in, the pool's own windows come out.

An account counts as long as it could serve without a person doing something: active, draining, limited or cooling. A
window is known by its length. How far the pool has used it is the mean over the accounts, weighted by what their plans
hold. An account that is out of a longer limit has nothing left of the shorter ones; one that has a longer limit only is
not held up by a shorter one. So the shortest window tells how much of the pool can be used now: nothing is left of it
only when every account is limited. One of which nothing was read has no part in this, which is not the same as 0 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codexlb_store.accounts import AccountStatus, limited_by
from codexlb_store.plans import capacity
from codexlb_store.windows import SAME_READING_SECONDS, Window, used_now

if TYPE_CHECKING:  # it loads the whole store
    from codexlb_store.pool import Standing

COUNTS = frozenset({AccountStatus.ACTIVE, AccountStatus.DRAINING, AccountStatus.LIMITED, AccountStatus.COOLING})


@dataclass(frozen=True, slots=True)
class PoolWindow:
    """One limit of the pool: percent used, and when an account has something of it back next (unix seconds).

    That is the next reset after which the account can serve: one that is held up by another limit, too, has nothing of
    it before that one is over. Of a pool that is used up the earliest of these is when it serves again. None: nothing
    of it is used, or no reset is known.
    """

    minutes: int
    used_percent: float
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The pool at one moment: the ids of the accounts that count, the largest plan among them, all windows (shortest
    first).

    `shown` are the two that Codex has room for. `is_used_up`: every account is limited; `is_allowed`: some account
    serves, if need be after a rest for which a request is held.
    """

    accounts: tuple[str, ...]
    plan: str | None
    is_used_up: bool
    windows: tuple[PoolWindow, ...]
    shown: tuple[PoolWindow, ...]

    @property
    def is_allowed(self) -> bool:
        return bool(self.accounts) and not self.is_used_up


@dataclass(slots=True)
class _Member:
    """An account that counts: its windows by length, of these the one that holds it up, and when it serves again (0: it
    does now)."""

    credits: float
    told: dict[int, Window]
    longest_minutes: int
    limit: Window | None
    back_at: float


@dataclass(slots=True)
class _Sum:
    """One window over the accounts: the credits it tells of, those that it binds, percent times credits, next reset."""

    minutes: int
    credits: float = 0.0
    bound: float = 0.0
    used: float = 0.0
    resets_at: float = math.inf

    def add(self, member: _Member, now: float) -> None:
        """Add an account, if it has this window or a longer one."""
        if self.minutes > member.longest_minutes:
            return
        self.credits += member.credits
        binding = member.told.get(self.minutes)
        if binding:
            self.bound += member.credits
        if member.limit and member.limit.minutes > self.minutes:
            binding = member.limit
        if binding is None or (used := used_now(binding, now)) == 0:
            return
        self.used += member.credits * used
        if binding.resets_at is not None:
            self.resets_at = min(self.resets_at, max(binding.resets_at, member.back_at))

    @property
    def window(self) -> PoolWindow:
        resets_at = None if math.isinf(self.resets_at) else self.resets_at
        return PoolWindow(self.minutes, self.used / self.credits, resets_at)


def pool_limits(standings: Iterable[Standing], windows: Mapping[str, tuple[Window, ...]], now: float) -> PoolLimits:
    """Take the limits of these accounts together at `now` (unix seconds); `windows` by account id."""
    counting = [standing for standing in standings if standing.status in COUNTS]
    members = [_member(standing, _told(windows.get(standing.account_id, ()), now), now) for standing in counting]
    sums = [_Sum(minutes) for minutes in sorted({minutes for member in members for minutes in member.told})]
    for found in sums:
        for member in members:
            found.add(member, now)
    return PoolLimits(
        accounts=tuple(standing.account_id for standing in counting),
        plan=max((standing.plan for standing in counting), key=capacity, default=None),
        is_used_up=bool(counting) and all(standing.status is AccountStatus.LIMITED for standing in counting),
        windows=tuple(found.window for found in sums),
        shown=tuple(found.window for found in _shown(sums)),
    )


def _member(standing: Standing, told: Sequence[Window], now: float) -> _Member:
    return _Member(
        credits=capacity(standing.plan),
        told={window.minutes: window for window in told},
        longest_minutes=told[-1].minutes if told else 0,
        limit=limited_by(told, now) if standing.status is AccountStatus.LIMITED else None,
        back_at=standing.until or 0.0,
    )


def _told(windows: Sequence[Window], now: float) -> Sequence[Window]:
    """An account's windows (shortest first) but for those that it has no more, on another plan, say: they are over, and
    what was read since tells nothing of them."""
    known_until = {w: max(w.resets_at, w.read_at) for w in windows if w.resets_at is not None and w.resets_at <= now}
    if not known_until:
        return windows
    last_read_at = max(window.read_at for window in windows)
    return [w for w in windows if last_read_at - known_until.get(w, math.inf) < SAME_READING_SECONDS]


def _shown(sums: list[_Sum]) -> list[_Sum]:
    """The shortest, and of the others the one that binds most of the pool's credits, the longest if in doubt: so the
    month of one free account does not hide everybody's week."""
    others = sums[1:]
    return [*sums[:1], *([max(others, key=lambda each: (each.bound, each.minutes))] if others else [])]
