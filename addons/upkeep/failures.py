"""The refreshes that failed: what is known to fail again is not tried, and what may pass only after a pause."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from addons.upkeep.backoff import pause_seconds
from addons.upkeep.token_store import is_same
from addons.wire.tokens import RefreshProblem
from codexlb_store.credentials import Credential


@dataclass(frozen=True, slots=True)
class Failed:
    """What could not be refreshed, why, how often in a row, and until when that is the answer."""

    stale: Credential
    problem: RefreshProblem
    times: int
    until: float


class Failures:
    """By account; what is said of other tokens than the last ones does not count.

    `now` is of a clock that only goes forward (time.monotonic): one that is put back would make a pause last for hours.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._last: dict[str, Failed] = {}

    def last(self, stale: Credential) -> Failed | None:
        """What came of these very tokens the last time."""
        failed = self._last.get(stale.account_id)
        return failed if failed and is_same(failed.stale, stale) else None

    def verdict(self, stale: Credential) -> RefreshProblem | None:
        """The issuer's last word on these tokens, if it has spoken it."""
        failed = self.last(stale)
        return failed.problem if failed and failed.problem.permanent else None

    def answer(self, stale: Credential, now: float) -> RefreshProblem | None:
        """Why not to try these tokens now."""
        failed = self.last(stale)
        return failed.problem if failed and now < failed.until else None

    def note(self, stale: Credential, problem: RefreshProblem, now: float) -> None:
        """One more; each passing one in a row lengthens the pause."""
        before = self.last(stale)
        times = before.times + 1 if before else 1
        until = math.inf if problem.permanent else now + pause_seconds(times, self._rng.random())
        self._last[stale.account_id] = Failed(stale, problem, times, until)

    def forget(self, account_id: str) -> None:
        """A refresh went through."""
        self._last.pop(account_id, None)
