"""One limit's window in a process's memory: grants of the store go in, what a request may hold of it comes out.

In the store the process's outstanding part of the window is what is free here plus what requests in flight hold. Times
are unix seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from codexlb_store.grants import Grant, Move, Need
from codexlb_store.limits import ROLLING_SECONDS, Limit, LimitKind, span_of, zone_of

ASK_AGAIN_SECONDS = 0.25
"""How soon the store is asked again when only other processes hold something: they need this long to give it back."""


@dataclass(frozen=True, slots=True)
class Hold:
    """So much of a limit's window is one request's until it is settled."""

    limit_id: int
    starts_at: float
    kind: LimitKind
    amount: int


class Budget:
    """One limit's window: what this process may still hand to requests."""

    def __init__(self, limit: Limit, time_zone: str) -> None:
        self.limit = limit
        self.time_zone = time_zone
        self.starts_at: float | None = None
        self.ends_at: float | None = None
        self.free = 0
        """Below 0 when requests used more than they held: what others give back from theirs goes there first."""
        self.dry_until = 0.0
        """Until then the store has nothing more to hand out."""
        self.kept_until = 0.0
        """Until then what was handed out waits for the request here that needed it."""
        self.is_asked = False
        self.is_outdated = False
        """The limit was changed while the store was being asked: what it hands out may be too much."""
        self.is_gone = False
        """The store does not know the limit any more."""

    def offer(self, wanted: int, now: float) -> int | None:
        """How much of what is wanted a request can have, 0 if nothing is left; None when the store may have more."""
        if self.ends_at is not None and self.ends_at <= now:
            self.leave_window()
        if self.free < wanted and now >= self.dry_until:
            return None
        return max(0, min(wanted, self.free))

    @property
    def is_exhausted(self) -> bool:
        """Whether no process holds anything that it could give back; only a change of the limit can bring more."""
        return self.dry_until == math.inf

    def leave_window(self) -> None:
        """Its window has ended, or is another one now: nothing of it is left to hand out."""
        self.starts_at = self.ends_at = None
        self.free = 0
        self.dry_until = 0.0

    def need(self, wanted: int, now: float) -> Need:
        """What to ask the store for, so that a request can have what it wants."""
        self.is_asked = True
        starts_at, ends_at = span_of(self.limit, now, zone_of(self.time_zone))
        is_rolling = self.limit.span in ROLLING_SECONDS
        return Need(self.limit.id, wanted - self.free, 1 - self.free, starts_at, ends_at, is_rolling)

    def take(self, grant: Grant, now: float) -> Move | None:
        """Take over what the store handed out; returned is what must go back at once."""
        if grant.starts_at != self.starts_at:
            self.leave_window()
            self.starts_at, self.ends_at = grant.starts_at, grant.ends_at
        self.free += grant.amount
        if grant.left > 0:
            self.dry_until = 0.0
        else:
            self.dry_until = now + ASK_AGAIN_SECONDS if grant.elsewhere else math.inf
        self.kept_until = now + ASK_AGAIN_SECONDS
        return self._let_go() if self.is_outdated else None

    def hold(self, amount: int) -> Hold:
        """Hand this much to a request."""
        assert self.starts_at is not None, "what is free is free in a window"
        self.free -= amount
        self.kept_until = 0.0
        return Hold(self.limit.id, self.starts_at, self.limit.kind, amount)

    def give_back(self, now: float) -> Move | None:
        """Let go of what no request here holds or is just about to; None when that is nothing."""
        # While the store is asked for more, what goes back would not be in what it says is left.
        return None if self.is_asked or now < self.kept_until else self._let_go()

    def _let_go(self) -> Move | None:
        self.dry_until = self.kept_until = 0.0
        self.is_outdated = False
        if self.free <= 0 or self.starts_at is None:
            return None
        free, self.free = self.free, 0
        return Move(self.limit.id, self.starts_at, free)

    def change(self, limit: Limit, time_zone: str) -> Move | None:
        """Take over what a person made of the limit; what is free goes back, for there may be less to have now."""
        if (limit, time_zone) == (self.limit, self.time_zone):
            return None
        move = self._let_go()
        self.is_outdated = self.is_asked
        if time_zone != self.time_zone and limit.span not in (None, *ROLLING_SECONDS):
            self.leave_window()  # the days of another zone begin at other times
        self.limit, self.time_zone = limit, time_zone
        return move
