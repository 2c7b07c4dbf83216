"""What the accounts' limits come to when they are taken together."""

from __future__ import annotations

import pytest

from codexlb_store.accounts import AccountStatus
from codexlb_store.pool_limits import pool_limits
from tests.codexlb_store.seats import (
    COOLING,
    LIMITED,
    MONTH,
    NOW,
    SHORT,
    WEEK,
    One,
    Read,
    at,
    one,
    taken_together,
)

WINDOWS: dict[str, tuple[list[One], list[Read]]] = {
    "nobody": ([], []),
    "never read": ([one()], []),
    "one account": ([one((SHORT, 40, 1), (WEEK, 10, 50))], [(SHORT, 40, 1), (WEEK, 10, 50)]),
    "the mean of equals": ([one((SHORT, 40, 2)), one((SHORT, 10, 1))], [(SHORT, 25, 1)]),
    # pro holds 50,400 credits a week, plus 7,560
    "a larger plan weighs more": (
        [one((WEEK, 100, 9)), one((WEEK, 10, 8), plan="pro")], [(WEEK, (7560 * 100 + 50_400 * 10) / 57_960, 8)]
    ),
    "an unknown plan weighs as little as the free one": (
        [one((WEEK, 100, 9), plan="x"), one((WEEK, 0, 8), plan="free")], [(WEEK, 50, 9)]
    ),
    # unknown is not 0
    "an account that was never read has no part": ([one((SHORT, 40, 1)), one()], [(SHORT, 40, 1)]),
    "nor has it in a window that is longer than those it has": (
        [one((SHORT, 40, 1), (WEEK, 10, 9)), one((SHORT, 20, 2))], [(SHORT, 30, 1), (WEEK, 10, 9)]
    ),
    "five hours that do not hold up who has a week only": (
        [one((SHORT, 100, 1), (WEEK, 20, 9), status=LIMITED, until=1), one((WEEK, 10, 8), plan="pro")],
        [(SHORT, 7560 * 100 / 57_960, 1), (WEEK, (7560 * 20 + 50_400 * 10) / 57_960, 8)],
    ),
    "a window that is over counts as unused": ([one((SHORT, 80, -1)), one((SHORT, 40, 1))], [(SHORT, 20, 1)]),
    "all windows are over": ([one((SHORT, 80, -1))], [(SHORT, 0, None)]),
    # who counts
    "a draining account counts": ([one((SHORT, 40, 1), status=AccountStatus.DRAINING)], [(SHORT, 40, 1)]),
    **{
        f"{status} does not count": ([one((SHORT, 40, 1)), one((SHORT, 0, 1), status=status)], [(SHORT, 40, 1)])
        for status in (AccountStatus.PAUSED, AccountStatus.NEEDS_LOGIN, AccountStatus.DEACTIVATED)
    },
    # resets
    "an unused window has nothing to come back": ([one((SHORT, 0, 1)), one((SHORT, 50, 3))], [(SHORT, 25, 3)]),
    "an unknown reset": ([one((SHORT, 50, None))], [(SHORT, 50, None)]),
    "the one reset that is known": ([one((SHORT, 50, None)), one((SHORT, 50, 4))], [(SHORT, 50, 4)]),
    "what comes back on an account that is held up": (  # its week is used up for 70 hours
        [one((SHORT, 50, 1), (WEEK, 100, 70), status=LIMITED, until=70), one((SHORT, 50, 3), (WEEK, 0, 90))],
        [(SHORT, 75, 3), (WEEK, 50, 70)],
    ),
    "used up: when the first is back": (
        [
            one((SHORT, 100, 1), (WEEK, 100, 70), status=LIMITED, until=70),
            one((SHORT, 100, 2), status=LIMITED, until=2),
        ],
        [(SHORT, 100, 2), (WEEK, 100, 70)],
    ),
    "who is out for the week has nothing left of five hours that are over": (
        [one((SHORT, 50, -1), (WEEK, 100, 70), status=LIMITED, until=70), one((SHORT, 0, 3), (WEEK, 0, 90))],
        [(SHORT, 50, 70), (WEEK, 50, 70)],
    ),
    "who is out of five hours has the rest of the week": (
        [one((SHORT, 100, 2), (WEEK, 40, 70), status=LIMITED, until=2)], [(SHORT, 100, 2), (WEEK, 40, 70)]
    ),
    "a rest of an hour": ([one((SHORT, 50, 0.5), status=COOLING, until=1)], [(SHORT, 50, 1)]),
    # any length
    "every length is one of its own": (
        [one((SHORT, 40, 1), (WEEK, 10, 9)), one((MONTH, 60, 99), plan="free")],
        [(SHORT, 40 * 7560 / 8694, 1), (WEEK, 10 * 7560 / 8694, 9), (MONTH, 60, 99)],
    ),
    "five hours that were abolished": ([one((SHORT, 80, -9), (WEEK, 10, 9))], [(WEEK, 10, 9)]),
    "five hours that are just over": ([one((SHORT, 80, -0.01), (WEEK, 10, 9))], [(SHORT, 0, None), (WEEK, 10, 9)]),
}  # fmt: skip


@pytest.mark.parametrize(("accounts", "expected"), WINDOWS.values(), ids=WINDOWS.keys())
def test_windows(accounts: list[One], expected: list[Read]) -> None:
    found = pool_limits(*taken_together(*accounts), NOW)

    assert [(window.minutes, window.resets_at) for window in found.windows] == [
        (minutes, at(hours)) for minutes, _, hours in expected
    ]
    assert [window.used_percent for window in found.windows] == pytest.approx([used for _, used, _ in expected])


PLUS = one((SHORT, 40, 1), (WEEK, 10, 9))
SHOWN: dict[str, tuple[list[One], list[int]]] = {
    "none": ([one()], []),
    "one": ([one((WEEK, 10, 9))], [WEEK]),
    "two": ([PLUS], [SHORT, WEEK]),
    "a free account among others": ([PLUS, one((MONTH, 60, 99), plan="free")], [SHORT, WEEK]),
    "mostly free accounts": ([PLUS, *[one((MONTH, 60, 99), plan="free")] * 7], [SHORT, MONTH]),
    "the month of an earlier plan": ([one((SHORT, 40, 1), (WEEK, 10, 9), (MONTH, 60, -99))], [SHORT, WEEK]),
    "three that all run": ([one((SHORT, 40, 1), (WEEK, 10, 9), (MONTH, 60, 99))], [SHORT, MONTH]),
}


@pytest.mark.parametrize(("accounts", "expected"), SHOWN.values(), ids=SHOWN.keys())
def test_the_shortest_and_what_binds_most_are_shown(accounts: list[One], expected: list[int]) -> None:
    found = pool_limits(*taken_together(*accounts), NOW)

    assert [window.minutes for window in found.shown] == expected
    assert set(found.shown) <= set(found.windows)


FULL = one((SHORT, 100, 1), status=LIMITED, until=1)
STATES = {
    "nobody": ([], (0, None, False, False)),
    "only paused": ([one(status=AccountStatus.PAUSED)], (0, None, False, False)),
    "one serves": ([PLUS, FULL], (2, "plus", False, True)),
    "all are used up": ([FULL, FULL], (2, "plus", True, False)),
    "all that count are used up": ([FULL, one(status=AccountStatus.NEEDS_LOGIN)], (1, "plus", True, False)),
    "one rests for a moment": ([FULL, one(status=COOLING, until=0.01)], (2, "plus", False, True)),
    "the largest plan": ([PLUS, one(plan="pro"), one(plan="free")], (3, "pro", False, True)),
    "the largest plan of those that count": (
        [PLUS, one(plan="pro", status=AccountStatus.DEACTIVATED)], (1, "plus", False, True),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("accounts", "expected"), STATES.values(), ids=STATES.keys())
def test_how_the_pool_stands(accounts: list[One], expected: tuple[int, str | None, bool, bool]) -> None:
    found = pool_limits(*taken_together(*accounts), NOW)

    assert (len(found.accounts), found.plan, found.is_used_up, found.is_allowed) == expected
