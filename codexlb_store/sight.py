"""Which accounts are asked for the list of models, in which order: how they stand goes in, who sees most is first.

To ask costs no quota: an account whose windows are full can tell as well as any.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from codexlb_store.accounts import AccountStatus
from codexlb_store.plans import FREE_CREDITS, PLAN_CREDITS
from codexlb_store.pool import Standing

FREE_PLANS = frozenset({"free", "go", "guest", "free_workspace"})

CAN_TELL = frozenset({AccountStatus.ACTIVE, AccountStatus.DRAINING, AccountStatus.LIMITED, AccountStatus.COOLING})
"""Nobody paused them, and their login is good."""


def sight(plan: str | None) -> float:
    """How much an account of this plan sees, compared with others: nothing is known of an unknown plan."""
    return PLAN_CREDITS.get(plan or "", FREE_CREDITS if plan in FREE_PLANS else 0.0)


def by_sight(standings: Iterable[Standing], ailing: Container[str] = ()) -> list[str]:
    """Who can tell, the one that sees most first; of equals one that was told to slow down, or that failed lately, is
    asked after the others, which else keep their order: the list and its ETag shall stay the same."""
    able = [standing for standing in standings if standing.status in CAN_TELL]

    def place(standing: Standing) -> tuple[float, bool]:
        is_unwell = standing.status is AccountStatus.COOLING or standing.account_id in ailing
        return -sight(standing.plan), is_unwell

    return [standing.account_id for standing in sorted(able, key=place)]
