from __future__ import annotations

import pytest

from codexlb_store.plans import capacity


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("free", 1134),
        ("go", 1134),
        ("guest", 1134),
        ("unknown", 1134),
        ("a plan of tomorrow", 1134),
        ("plus", 7560),
        ("business", 7560),
        ("team", 7560),
        ("edu", 7560),
        ("education", 7560),
        ("k12", 7560),
        ("prolite", 37800),
        ("pro", 50400),
        ("enterprise", 50400),
    ],
)
def test_what_a_plan_holds(plan: str, expected: float) -> None:
    assert capacity(plan) == expected
