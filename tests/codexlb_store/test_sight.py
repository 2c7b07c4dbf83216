"""The list of models is asked of who sees most."""

from __future__ import annotations

import pytest

from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Standing
from codexlb_store.sight import by_sight, sight

ACTIVE, LIMITED, COOLING, DRAINING = (
    AccountStatus.ACTIVE,
    AccountStatus.LIMITED,
    AccountStatus.COOLING,
    AccountStatus.DRAINING,
)
PAUSED, NEEDS_LOGIN, DEACTIVATED = AccountStatus.PAUSED, AccountStatus.NEEDS_LOGIN, AccountStatus.DEACTIVATED


def test_larger_plans_see_more() -> None:
    groups = [("enterprise", "pro", "hc"), ("prolite",), ("plus", "team", "business", "edu"), ("free", "go"), ("", "x")]

    seen = [{sight(plan) for plan in group} for group in groups]

    assert [len(found) for found in seen] == [1] * len(groups)
    assert [found.pop() for found in seen] == sorted((sight(group[0]) for group in groups), reverse=True)


ORDERS: dict[str, tuple[list[tuple[str, AccountStatus]], str, str]] = {
    "by plan": ([("free", ACTIVE), ("enterprise", ACTIVE), ("plus", ACTIVE), ("new", ACTIVE)], "", "1203"),
    "equals as they stand": ([("plus", ACTIVE), ("team", ACTIVE), ("plus", ACTIVE)], "", "012"),
    "full windows do not matter": ([("plus", ACTIVE), ("pro", LIMITED), ("pro", DRAINING)], "", "120"),
    "who was told to slow down is behind its equals": (
        [("pro", COOLING), ("plus", COOLING), ("pro", ACTIVE), ("plus", ACTIVE)], "", "2031"
    ),
    "who failed lately, too": ([("pro", ACTIVE), ("pro", ACTIVE), ("plus", ACTIVE)], "0", "102"),
    "who cannot be asked": ([("pro", PAUSED), ("pro", NEEDS_LOGIN), ("pro", DEACTIVATED), ("free", ACTIVE)], "", "3"),
    "nobody": ([("pro", PAUSED)], "", ""),
}  # fmt: skip


@pytest.mark.parametrize(("accounts", "ailing", "expected"), ORDERS.values(), ids=ORDERS)
def test_who_is_asked_first(accounts: list[tuple[str, AccountStatus]], ailing: str, expected: str) -> None:
    standings = [Standing(str(place), plan, status, None) for place, (plan, status) in enumerate(accounts)]

    assert "".join(by_sight(standings, ailing)) == expected
