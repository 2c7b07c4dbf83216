from __future__ import annotations

import pytest

from scripts.simulator.account import Account, AccountChange, Books, Condition, WindowChange, view
from scripts.simulator.cache import prefixes
from scripts.simulator.clock import Clock
from scripts.simulator.plans import Seat
from scripts.simulator.refusals import Refusal
from scripts.simulator.usage import Usage

NOW = 1_000.0
SMALL = 0.001
"""A plus account of this size holds 4,500 weighted tokens in five hours."""


def account(plan: str = "plus", speed: float = 1) -> Account:
    return Account(Seat("alice", plan), Clock(speed, lambda: NOW), SMALL, cache_seconds=60)


def test_a_finished_answer_fills_every_window_and_the_books() -> None:
    alice = account(speed=600)
    alice.count_request()
    alice.book(Usage(input_tokens=450, output_tokens=0))

    assert [(w.minutes, w.used, w.resets_at) for w in alice.windows()] == [(300, 450, 1_030), (10_080, 450, 2_008)]
    assert alice.books == Books(requests=1, completed=1, usage=Usage(450))
    assert alice.headers()["x-codex-primary-used-percent"] == "10"


def test_a_full_window_is_a_429_that_says_until_when() -> None:
    alice = account(speed=600)
    alice.require_room()
    alice.book(Usage(input_tokens=5_000))

    with pytest.raises(Refusal) as refused:
        alice.require_room()
    assert refused.value.status == 429
    assert refused.value.body == {
        "error": {
            "type": "usage_limit_reached",
            "message": "The usage limit has been reached",
            "plan_type": "plus",
            "resets_at": 1_030,
            "resets_in_seconds": 30,
        }
    }
    assert refused.value.headers["x-codex-primary-used-percent"] == "100"


def test_a_free_account_has_the_monthly_window_only() -> None:
    assert [window.minutes for window in account("free").windows()] == [43_200]
    assert "x-codex-secondary-used-percent" not in account("free").headers()


@pytest.mark.parametrize(
    ("condition", "status"),
    [(Condition.ACTIVE, None), (Condition.DEACTIVATED, 401), (Condition.WORKSPACE_DEACTIVATED, 402)],
)
def test_an_account_may_be_closed(condition: Condition, status: int | None) -> None:
    alice = account()
    alice.change(AccountChange(condition=condition))

    if status is None:
        alice.require_condition()
    else:
        with pytest.raises(Refusal) as refused:
            alice.require_condition()
        assert refused.value.status == status


def test_windows_can_be_filled_from_outside() -> None:
    alice = account()
    alice.change(
        AccountChange(
            windows=(
                WindowChange(minutes=300, used_percent=100, resets_in_seconds=7),
                WindowChange(minutes=10_080, used_percent=34),
            ),
            rejects_foreign_content=True,
        )
    )

    assert [(w.used_percent, w.resets_at) for w in view(alice).windows] == [(100, 1_007), (34, 605_800)]
    assert alice.rejects_foreign_content


def test_a_window_the_plan_does_not_have_cannot_be_filled() -> None:
    with pytest.raises(ValueError, match="alice has no window of 60 minutes"):
        account().change(AccountChange(windows=(WindowChange(minutes=60, used_percent=1),)))


def test_another_plan_keeps_what_was_used_and_makes_more_room() -> None:
    alice = account("plus", speed=600)
    alice.book(Usage(input_tokens=4_500))
    alice.change(AccountChange(plan="pro", windows=(WindowChange(minutes=10_080, used_percent=50),)))

    five_hours, week = view(alice).windows
    assert (five_hours.used, five_hours.used_percent, five_hours.resets_at) == (4_500, 15, 1_030)
    assert (week.used_percent, week.resets_at) == (50, 2_008)
    assert alice.seat == Seat("alice", "pro")


def test_another_plan_may_have_other_windows() -> None:
    alice = account("plus")
    alice.change(AccountChange(plan="free"))

    assert [window.minutes for window in alice.windows()] == [43_200]


def test_a_plan_that_does_not_exist_changes_nothing() -> None:
    alice = account("plus")
    with pytest.raises(ValueError, match="unknown plan 'gold'"):
        alice.change(AccountChange(plan="gold", condition=Condition.DEACTIVATED))

    assert (alice.seat.plan, alice.condition) == ("plus", Condition.ACTIVE)


def test_a_prompt_is_cached_for_this_account_once_it_was_read() -> None:
    alice, prompt = account(), prefixes([b"x" * 400])
    assert alice.cached_tokens(prompt) == 0
    alice.remember(prompt)

    assert alice.cached_tokens(prompt) == 100
    assert account().cached_tokens(prompt) == 0


def test_the_view_shows_who_it_is() -> None:
    shown = view(account())

    assert (shown.name, shown.plan, shown.email) == ("alice", "plus", "alice@example.com")
    assert (shown.user_id, shown.chatgpt_account_id) == ("user-alice", "acct-alice")
    assert shown.condition is Condition.ACTIVE
