"""What a ChatGPT plan allows: its usage windows and how much fits into each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FIVE_HOURS, WEEK, MONTH = 300, 10_080, 43_200
"""Window lengths in minutes."""

TOKENS_PER_CREDIT = 20_000
"""Weighted tokens in one of the credits in which plan sizes are known: a plus account then holds some 260
first turns of 17,000 tokens in five hours."""

_SMALL = {FIVE_HOURS: 225.0, WEEK: 7_560.0}
_LARGE = {FIVE_HOURS: 1_500.0, WEEK: 50_400.0}

CREDITS: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        "free": {MONTH: 1_134.0},
        "go": {MONTH: 1_134.0},
        "plus": _SMALL,
        "business": _SMALL,
        "team": _SMALL,
        "edu": _SMALL,
        "pro": _LARGE,
        "enterprise": _LARGE,
    }
)
"""Plan to window length in minutes to credits. Free plans have one long window only."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who an account is: a user in a workspace, on a plan. `name` is only the simulator's own word for it."""

    name: str
    plan: str
    fedramp: bool = False

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def user_id(self) -> str:
        return f"user-{self.name}"

    @property
    def chatgpt_account_id(self) -> str:
        return f"acct-{self.name}"


def capacities(plan: str, scale: float) -> dict[int, float]:
    """Window minutes to the weighted tokens that fit into it."""
    return {minutes: size * TOKENS_PER_CREDIT * scale for minutes, size in CREDITS[plan].items()}


def parse_seats(text: str) -> tuple[Seat, ...]:
    """Reads `plus,plus,pro` (named plus-1, plus-2, pro-1) or `alice:plus,bob:pro`."""
    seats: dict[str, Seat] = {}
    counts: dict[str, int] = {}
    for word in text.split(","):
        name, _, plan = word.strip().rpartition(":")
        if plan not in CREDITS:
            raise ValueError(f"unknown plan {plan!r} in {text!r}; known are {', '.join(CREDITS)}.")
        counts[plan] = counts.get(plan, 0) + 1
        name = name or f"{plan}-{counts[plan]}"
        if name in seats:
            raise ValueError(f"the account name {name!r} stands twice in {text!r}; give each its own.")
        seats[name] = Seat(name, plan)
    return tuple(seats.values())
