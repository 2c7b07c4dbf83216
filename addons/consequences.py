"""What a failure means for the account it happened on: in the pool at once, in the store for others to see."""

from __future__ import annotations

import random
from functools import partial

from addons.wire.failures import Diagnosis, Failure
from codexlb_store.accounts import AccountStatus, fail_account, set_cooling
from codexlb_store.health import ANY_MODEL, rest_seconds
from codexlb_store.pool import Pool
from codexlb_store.windows import Window, save_windows
from codexlb_store.writer import Writer

BLOCKED_SECONDS = 30.0
BARRED_SECONDS = 3600.0
UNKNOWN_QUOTA_SECONDS = 3600.0
SHORTEST_REST_SECONDS = 1.0
"""An upstream that says "try again in 20 ms" would be asked for ever."""
WEEK_MINUTES = 10_080
LEAST_OVERLOAD_SECONDS, MOST_OVERLOAD_SECONDS, USUAL_OVERLOAD_SECONDS = 5.0, 60.0, 10.0


def overload_seconds(wait_seconds: float | None) -> float:
    """How long an overload is taken to last."""
    return min(max(wait_seconds or USUAL_OVERLOAD_SECONDS, LEAST_OVERLOAD_SECONDS), MOST_OVERLOAD_SECONDS)


class Consequences:
    """Marks accounts. Nothing here lasts longer than its reason; only a login that is needed waits for a person."""

    def __init__(self, pool: Pool, writer: Writer, rng: random.Random) -> None:
        self.pool = pool
        self.writer = writer
        self.rng = rng

    def draw(self, account_id: str, model: str | None, diagnosis: Diagnosis, now: float) -> None:
        """Mark an account for a failure; nothing for one that is not its fault."""
        match diagnosis.failure:
            case Failure.WINDOW_FULL:
                resets_at = diagnosis.resets_at or (now + diagnosis.wait_seconds if diagnosis.wait_seconds else None)
                self.fill_window(account_id, diagnosis.window_minutes or WEEK_MINUTES, resets_at, now)
            case Failure.OUT_OF_QUOTA:
                long = max((w.minutes for w in self.pool.windows.get(account_id, ())), default=WEEK_MINUTES)
                self.fill_window(account_id, long, self.reset_of(account_id, long, now), now)
            case Failure.RATE_LIMITED:
                self.rest(account_id, diagnosis.wait_seconds, now)
            case Failure.UNAUTHORIZED:
                self.mark(account_id, AccountStatus.NEEDS_LOGIN, diagnosis.code)
            case Failure.DEACTIVATED:
                self.mark(account_id, AccountStatus.DEACTIVATED, diagnosis.code)
            case _:
                self.weaken(account_id, model or ANY_MODEL, diagnosis, now)

    def weaken(self, account_id: str, model: str, diagnosis: Diagnosis, now: float) -> None:
        """The account is left alone for a while, for this model or for all."""
        match diagnosis.failure:
            case Failure.BLOCKED:
                self.pool.health.ail(account_id, now + BLOCKED_SECONDS)
            case Failure.MODEL_UNAVAILABLE:
                self.pool.health.bar(account_id, model, now + BARRED_SECONDS)
            case Failure.OVERLOADED:
                self.pool.health.ail(account_id, now + overload_seconds(diagnosis.wait_seconds), model)
            case Failure.SERVER_ERROR:
                self.pool.health.strike(account_id, now)

    def fill_window(self, account_id: str, minutes: int, resets_at: float | None, now: float) -> None:
        """A window is full, whatever was read of it; the next good reading says otherwise."""
        window = Window(account_id, minutes, 100.0, resets_at or now + UNKNOWN_QUOTA_SECONDS, now)
        self.pool.note_windows([window])
        self.pool.to_be_read.add(account_id)
        self.writer.put(partial(save_windows, windows=[window]))

    def reset_of(self, account_id: str, minutes: int, now: float) -> float | None:
        """When a window starts afresh, as far as it was read."""
        resets = [w.resets_at for w in self.pool.windows.get(account_id, ()) if w.minutes == minutes]
        return next((reset for reset in resets if reset and reset > now), None)

    def rest(self, account_id: str, wait_seconds: float | None, now: float) -> None:
        """Leave the account alone for as long as it said, else for a growing while, and let others see it."""
        usual = rest_seconds(self.pool.health.bursts[account_id], self.rng.random())
        until = now + max(wait_seconds or usual, SHORTEST_REST_SECONDS)
        self.pool.health.rest(account_id, until)
        self.writer.put(partial(set_cooling, account_id=account_id, until=until))

    def mark(self, account_id: str, state: AccountStatus, reason: str) -> None:
        """The account is out until somebody does something about it; a paused one is told why and stays paused."""
        if self.pool.fail(account_id, state, reason):
            self.writer.put(partial(fail_account, account_id=account_id, state=state, reason=reason))
