"""What was used of late in steps of five minutes: the store goes in, the sums of each step come out.

Steps that are over hardly change, so only the running one is read each time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlite_utils import Database

from codexlb_store.usage import Filters, Sums, series

STEP_SECONDS = 300

MOST_STEPS = 96
"""Eight hours; no terminal is wider than that."""

UNSETTLED_STEPS = 12
"""Requests count when they opened, but their tokens are known when they end: an hour later every answer has."""


def step_of(now: float) -> float:
    """When the step of `now` began (unix seconds)."""
    return float(math.floor(now / STEP_SECONDS) * STEP_SECONDS)


class Buckets:
    """The last steps, as read so far."""

    def __init__(self) -> None:
        self._sums: dict[float, Sums] = {}
        self._read_at: float | None = None
        """The step that was the running one at the last reading."""

    def read(self, db: Database, now: float) -> None:
        """Take over what has changed by `now`."""
        step = step_of(now)
        first = step - (MOST_STEPS - 1) * STEP_SECONDS
        if self._read_at is None:
            since = first
        elif self._read_at == step:
            since = step
        else:
            since = min(self._read_at, step - UNSETTLED_STEPS * STEP_SECONDS)
        kept = {start: sums for start, sums in self._sums.items() if first <= start < since}
        self._sums = kept | dict(series(db, Filters(since=max(first, since)), STEP_SECONDS))
        self._read_at = step

    def last(self, steps: int, now: float) -> Sequence[Sums]:
        """The sums of the last `steps` steps, the last of them the running one."""
        step = step_of(now)
        return [self._sums.get(step - back * STEP_SECONDS, Sums()) for back in reversed(range(steps))]
