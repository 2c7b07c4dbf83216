"""ChatGPT plans: the name of a plan goes in, the credits its long usage window holds come out."""

from __future__ import annotations

PLAN_CREDITS = {
    **dict.fromkeys(("plus", "business", "team", "edu", "education", "k12"), 7560.0),
    **dict.fromkeys(("pro", "enterprise", "hc"), 50400.0),
    "prolite": 37800.0,
}
"""Credits a week, as the upstream grants them."""

FREE_CREDITS = 1134.0
"""Credits a month of the free plan; a plan we do not know is taken to have no more."""


def capacity(plan: str) -> float:
    """Credits of the plan's long window: a week's, or a month's for the free plan."""
    return PLAN_CREDITS.get(plan, FREE_CREDITS)
