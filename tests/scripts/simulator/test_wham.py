from __future__ import annotations

import pytest

from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import call, credentials

USAGE = "/backend-api/wham/usage"


async def test_usage_of_a_paid_account(sim: Simulator) -> None:
    sim.change("plus-1", AccountChange(windows=(WindowChange(minutes=300, used_percent=12, resets_in_seconds=90),)))
    told = (await call(sim, "GET", USAGE, credentials(sim.auth_json("plus-1")))).json()

    assert (told["plan_type"], told["account_id"], told["email"]) == ("plus", "acct-plus-1", "plus-1@example.com")
    limit = told["rate_limit"]
    assert (limit["allowed"], limit["limit_reached"]) == (True, False)
    assert limit["primary_window"]["used_percent"] == 12
    assert limit["primary_window"]["limit_window_seconds"] == 18_000
    assert limit["primary_window"]["reset_after_seconds"] == 90
    assert limit["secondary_window"]["limit_window_seconds"] == 604_800


async def test_usage_of_an_exhausted_free_account() -> None:
    async with Simulator(accounts="free") as sim:
        sim.change("free-1", AccountChange(windows=(WindowChange(minutes=43_200, used_percent=100),)))
        told = (await call(sim, "GET", USAGE, credentials(sim.auth_json("free-1")))).json()

    limit = told["rate_limit"]
    assert (limit["allowed"], limit["limit_reached"], limit["secondary_window"]) == (False, True, None)
    assert limit["primary_window"]["limit_window_seconds"] == 2_592_000
    assert told["rate_limit_reached_type"] == "rate_limit_reached"


async def test_the_workspace_of_the_login_is_listed_once(sim: Simulator) -> None:
    path = "/backend-api/wham/accounts/check"
    told = (await call(sim, "GET", path, credentials(sim.auth_json("pro-1")))).json()

    assert [workspace["id"] for workspace in told["accounts"]] == ["acct-pro-1"]
    assert (told["account_ordering"], told["default_account_id"]) == (["acct-pro-1"], "acct-pro-1")


@pytest.mark.parametrize("path", [USAGE, "/backend-api/wham/accounts/check"])
async def test_nobody_is_told_without_a_token(sim: Simulator, path: str) -> None:
    assert (await call(sim, "GET", path)).status == 401
