"""When the Poller asks about an account and when it refreshes a token: what is known of it and the time go in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from addons.upkeep.expiry import is_due_soon
from codexlb_store.accounts import OUT_OF_ORDER, AccountStatus
from codexlb_store.credentials import Credential
from codexlb_store.windows import Window

FIRST_ROUND_SECONDS, FIRST_GAP_SECONDS = 5.0, 0.5
"""A start asks about one account after the other, but does not leave many of them unknown for long."""

JITTER = 0.1
"""The part of the pause that is left to chance."""

LIMITED_SECONDS = 15.0
"""An account that met a limit is asked at once, but not again and again: its reset may have been moved."""

AFTER_RESET_SECONDS, SPREAD_AFTER_RESET_SECONDS = 1.0, 4.0
"""How soon after a window's reset: clocks differ a little, and not all accounts at once."""

DEACTIVATED_SECONDS = 3_600.0
"""It may have been a mistake that somebody mends."""

RESIDENCY_SECONDS, RESIDENCY_RETRY_SECONDS = 86_400.0, 300.0
"""A workspace moves rarely; a page that could not be read is asked for sooner."""

REFRESH_PAUSE_SECONDS = 60.0
"""No account's token is looked after more often: a wrong clock would have it refreshed for ever."""


@dataclass(frozen=True, slots=True)
class Care:
    """What was done for an account, and when (unix seconds; None: not yet); `draw` is a number from 0 to 1."""

    first_at: float
    asked_at: float | None = None
    draw: float = 0.0
    residency_at: float = 0.0
    """When to ask where its workspace wants its requests."""
    refresh_tried_at: float | None = None
    problem: str | None = None
    """Why it could not be asked about the last time."""


def first_round(new: Sequence[str], now: float) -> dict[str, Care]:
    """Accounts that nothing was done for: when to ask about them for the first time."""
    gap = min(FIRST_GAP_SECONDS, FIRST_ROUND_SECONDS / max(len(new), 1))
    return {account_id: Care(now + place * gap) for place, account_id in enumerate(new)}


def next_ask(
    care: Care, state: AccountStatus, windows: Iterable[Window], met_a_limit: bool, every_seconds: float
) -> float | None:
    """When to ask about an account (unix seconds), None for never."""
    if state is AccountStatus.NEEDS_LOGIN or not every_seconds:
        return None
    if care.asked_at is None:
        return care.first_at
    is_out = state is AccountStatus.DEACTIVATED
    pause = max(every_seconds, DEACTIVATED_SECONDS) if is_out else every_seconds
    regular = care.asked_at + pause * (1 + JITTER * (2 * care.draw - 1))
    if is_out:
        return regular
    delay = AFTER_RESET_SECONDS + SPREAD_AFTER_RESET_SECONDS * care.draw
    # Of an unused window nothing is reset: it may be said to start afresh at each moment that it is asked about.
    resets = [window.resets_at for window in windows if window.resets_at is not None and window.used_percent > 0]
    sooner = [reset + delay for reset in resets if care.asked_at < reset + AFTER_RESET_SECONDS]
    return min([regular, *sooner, *([care.asked_at + LIMITED_SECONDS] if met_a_limit else [])])


def next_residency(read: bool, now: float) -> float:
    """When to ask again where the workspace wants its requests, given whether that could be read just now."""
    return now + (RESIDENCY_SECONDS if read else RESIDENCY_RETRY_SECONDS)


def is_to_be_refreshed(care: Care, state: AccountStatus, credential: Credential, now: float) -> bool:
    """Whether to look after a token although nobody waits for it; also that of an account that is paused."""
    if state in OUT_OF_ORDER or now - (care.refresh_tried_at or 0.0) < REFRESH_PAUSE_SECONDS:
        return False
    return is_due_soon(credential, now)
