from __future__ import annotations

import pytest

from scripts.simulator.clock import Clock
from scripts.simulator.issuer import Issuer, Standing
from scripts.simulator.plans import Seat
from scripts.simulator.refusals import Refusal
from scripts.simulator.tokens import AUTH_CLAIM
from tests.scripts.simulator.test_tokens import claims

ALICE, BOB = Seat("alice", "plus"), Seat("bob", "plus")


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def issuer(hands: Hands) -> Issuer:
    return Issuer(Clock(source=hands), seed=1, token_seconds=600)


def code(refused: pytest.ExceptionInfo[Refusal]) -> str:
    found: str = refused.value.body["error"]["code"]
    return found


def test_an_access_token_opens_the_door_until_it_expires(issuer: Issuer, hands: Hands) -> None:
    token = issuer.login(ALICE).access_token

    assert issuer.require_access(token) == ALICE
    hands.now += 600
    with pytest.raises(Refusal) as refused:
        issuer.require_access(token)
    assert code(refused) == "token_expired"


def test_a_login_may_ask_for_a_shorter_life(issuer: Issuer, hands: Hands) -> None:
    token = issuer.login(ALICE, expires_in=5).access_token
    hands.now += 5

    with pytest.raises(Refusal):
        issuer.require_access(token)


def test_a_refresh_gives_new_tokens_and_leaves_the_old_access_token_alone(issuer: Issuer) -> None:
    old = issuer.login(ALICE)
    new = issuer.refresh(old.refresh_token)

    assert len({old.access_token, new.access_token, old.refresh_token, new.refresh_token}) == 4
    assert issuer.require_access(new.access_token) == issuer.require_access(old.access_token) == ALICE


def test_a_refresh_token_works_once(issuer: Issuer) -> None:
    old = issuer.login(ALICE)
    issuer.refresh(old.refresh_token)

    with pytest.raises(Refusal) as refused:
        issuer.refresh(old.refresh_token)
    assert (refused.value.status, code(refused)) == (401, "refresh_token_reused")


@pytest.mark.parametrize(
    ("standing", "expected"), [(Standing.EXPIRED, "token_expired"), (Standing.REVOKED, "token_invalidated")]
)
def test_access_can_be_ended_for_one_account(issuer: Issuer, standing: Standing, expected: str) -> None:
    ended, other = issuer.login(ALICE).access_token, issuer.login(BOB).access_token
    issuer.end_access(ALICE, standing)

    with pytest.raises(Refusal) as refused:
        issuer.require_access(ended)
    assert code(refused) == expected
    assert issuer.require_access(other) == BOB
    assert issuer.require_access(issuer.login(ALICE).access_token) == ALICE


@pytest.mark.parametrize(
    ("standing", "expected"),
    [(Standing.EXPIRED, "refresh_token_expired"), (Standing.REVOKED, "refresh_token_invalidated")],
)
def test_refreshing_can_be_ended_for_one_account(issuer: Issuer, standing: Standing, expected: str) -> None:
    ended, other = issuer.login(ALICE).refresh_token, issuer.login(BOB).refresh_token
    issuer.end_refresh(ALICE, standing)

    with pytest.raises(Refusal) as refused:
        issuer.refresh(ended)
    assert code(refused) == expected
    assert issuer.refresh(other).refresh_token


def test_tokens_nobody_issued_open_nothing(issuer: Issuer) -> None:
    with pytest.raises(Refusal) as refused:
        issuer.require_access("made up")
    assert code(refused) == "invalid_jwt"
    with pytest.raises(Refusal):
        issuer.refresh("made up")
    assert issuer.holder("made up") is None


def test_a_token_tells_its_holder_whatever_became_of_it(issuer: Issuer) -> None:
    tokens = issuer.login(ALICE)
    issuer.end_access(ALICE, Standing.REVOKED)

    assert issuer.holder(tokens.access_token) == issuer.holder(tokens.refresh_token) == ALICE


def test_the_same_seed_issues_the_same_tokens(hands: Hands) -> None:
    first, second, other = (Issuer(Clock(source=hands), seed, 600).login(ALICE) for seed in (1, 1, 2))

    assert first == second != other


def test_refreshed_tokens_tell_what_the_seat_is_by_then(issuer: Issuer) -> None:
    old = issuer.login(ALICE)
    issuer.know(Seat("alice", "pro"))
    new = issuer.refresh(old.refresh_token)

    assert [claims(token)[AUTH_CLAIM]["chatgpt_plan_type"] for token in (old.id_token, new.id_token)] == ["plus", "pro"]
    assert issuer.require_access(old.access_token) == Seat("alice", "pro")
