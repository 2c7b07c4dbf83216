"""What a ChatGPT plan allows: its usage windows and how much fits into each."""

from __future__ import annotations

import re
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


SEAT_NAME = re.compile(r"[^@/\s]+(@[^@/\s]+)?")


@dataclass(frozen=True, slots=True)
class Seat:
    """Who an account is: a person in a workspace, on a plan.

    `name` is the simulator's own word for it, `person@workspace`, or one word for a person alone in a workspace.
    """

    name: str
    plan: str
    fedramp: bool = False

    @property
    def email(self) -> str:
        return f"{self._person}@example.com"

    @property
    def user_id(self) -> str:
        return f"user-{self._person}"

    @property
    def chatgpt_account_id(self) -> str:
        return f"acct-{self.name.rpartition('@')[2]}"

    @property
    def _person(self) -> str:
        return self.name.partition("@")[0]


def capacities(plan: str, scale: float) -> dict[int, float]:
    """Window minutes to the weighted tokens that fit into it."""
    return {minutes: size * TOKENS_PER_CREDIT * scale for minutes, size in CREDITS[plan].items()}


def require_plan(plan: str) -> None:
    """Raises ValueError for a plan that nobody can be on."""
    if plan not in CREDITS:
        raise ValueError(f"unknown plan {plan!r}; known are {', '.join(CREDITS)}.")


def parse_seats(text: str) -> tuple[Seat, ...]:
    """Reads `plus,plus,pro` (named plus-1, plus-2, pro-1), `alice:plus,bob:pro` or person@workspace:plan.

    `ann@acme:team,bob@acme:team,ann@home:plus` are two seats of one workspace and one person in two.
    """
    seats: dict[tuple[str, str], Seat] = {}
    counts: dict[str, int] = {}
    for word in text.split(","):
        name, _, plan = word.strip().rpartition(":")
        require_plan(plan)
        counts[plan] = counts.get(plan, 0) + 1
        name = name or f"{plan}-{counts[plan]}"
        seat = Seat(name, plan)
        if not SEAT_NAME.fullmatch(name):
            raise ValueError(f"{name!r} in {text!r} is no account name; write person:plan or person@workspace:plan.")
        if (seat.user_id, seat.chatgpt_account_id) in seats:
            raise ValueError(f"the account {name!r} stands twice in {text!r}; a person has one per workspace.")
        seats[seat.user_id, seat.chatgpt_account_id] = seat
    return tuple(seats.values())
