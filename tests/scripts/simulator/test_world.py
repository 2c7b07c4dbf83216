from __future__ import annotations

import pytest

from scripts.simulator.refusals import Refusal
from scripts.simulator.world import Settings, World, bearer
from tests.scripts.simulator.caller import credentials


@pytest.mark.parametrize(
    ("value", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", ""), ("Bearer", ""), ("", "")],
)
def test_the_bearer_token_of_a_request(value: str, token: str) -> None:
    assert bearer({"authorization": value}) == token


def test_no_header_no_token() -> None:
    assert bearer({}) == ""


def test_a_login_admits_its_own_account_only() -> None:
    world = World(Settings(accounts="alice:plus,bob:pro"))
    headers = credentials(world.login("bob"))

    assert world.admit(headers).seat.name == "bob"
    with pytest.raises(Refusal) as refused:
        world.admit({**headers, "chatgpt-account-id": "acct-alice"})
    assert refused.value.status == 403
