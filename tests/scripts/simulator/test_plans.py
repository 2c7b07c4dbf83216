from __future__ import annotations

import pytest

from scripts.simulator.plans import CREDITS, Seat, capacities, parse_seats


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("plus", ["plus-1"], id="one"),
        pytest.param("plus,plus,pro", ["plus-1", "plus-2", "pro-1"], id="numbered by plan"),
        pytest.param("alice:plus, bob:free", ["alice", "bob"], id="named"),
        pytest.param("alice:plus,plus", ["alice", "plus-2"], id="mixed"),
        pytest.param("ann@acme:team,ann:plus", ["ann@acme", "ann"], id="in a workspace"),
    ],
)
def test_seats_are_named_by_plan_or_by_hand(text: str, names: list[str]) -> None:
    assert [seat.name for seat in parse_seats(text)] == names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gold", "unknown plan 'gold'"),
        ("", "unknown plan ''"),
        ("a:pro,a:pro", "stands twice"),
        ("a:pro,a@a:plus", "'a@a' stands twice"),
        ("@acme:team", "'@acme' in .* is no account name"),
        ("ann@:team", "'ann@' in .* is no account name"),
        ("a/b:team", "'a/b' in .* is no account name"),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_seats(text)


@pytest.mark.parametrize("plan", CREDITS)
def test_every_plan_has_a_long_window_and_paid_ones_a_short_one_too(plan: str) -> None:
    assert sorted(capacities(plan, 1)) == ([43_200] if plan in ("free", "go") else [300, 10_080])


def test_capacity_scales() -> None:
    assert capacities("plus", 0.01) == {300: 45_000.0, 10_080: 1_512_000.0}


def test_a_seat_has_ids_of_its_own() -> None:
    seat = Seat("alice", "plus")

    assert (seat.email, seat.user_id, seat.chatgpt_account_id) == ("alice@example.com", "user-alice", "acct-alice")


def test_people_share_workspaces_and_have_several() -> None:
    seats = parse_seats("ann@acme:team,bob@acme:team,ann@home:plus")

    assert [(seat.user_id, seat.chatgpt_account_id, seat.email) for seat in seats] == [
        ("user-ann", "acct-acme", "ann@example.com"),
        ("user-bob", "acct-acme", "bob@example.com"),
        ("user-ann", "acct-home", "ann@example.com"),
    ]
