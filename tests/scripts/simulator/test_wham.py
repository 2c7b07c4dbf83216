from __future__ import annotations

import pytest

from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import call, credentials

USAGE, CHECK = "/backend-api/wham/usage", "/backend-api/wham/accounts/check"


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
    assert told["rate_limit_reached_type"] == {"type": "rate_limit_reached"}


async def test_the_workspace_of_the_login_is_listed_once(sim: Simulator) -> None:
    told = (await call(sim, "GET", CHECK, credentials(sim.auth_json("pro-1")))).json()

    assert [workspace["id"] for workspace in told["accounts"]] == ["acct-pro-1"]
    assert (told["account_ordering"], told["default_account_id"]) == (["acct-pro-1"], "acct-pro-1")


@pytest.mark.parametrize("path", [USAGE, CHECK])
async def test_nobody_is_told_without_a_token(sim: Simulator, path: str) -> None:
    assert (await call(sim, "GET", path)).status == 401


async def test_all_workspaces_of_a_person_are_listed_and_nobody_elses() -> None:
    async with Simulator(accounts="ann@acme:team,bob@acme:team,ann@home:plus") as sim:
        sim.change("ann@acme", AccountChange(workspace_backend_origin="https://eu.chatgpt.com"))
        told = (await call(sim, "GET", CHECK, credentials(sim.auth_json("ann@home")))).json()

    assert [(x["id"], x["plan_type"], x["workspace_backend_origin"]) for x in told["accounts"]] == [
        ("acct-acme", "team", "https://eu.chatgpt.com"),
        ("acct-home", "plus", "NO_CONSTRAINT"),
    ]
    assert (told["account_ordering"], told["default_account_id"]) == (["acct-acme", "acct-home"], "acct-home")


async def test_a_workspace_may_be_bound_to_a_region(sim: Simulator) -> None:
    login = credentials(sim.auth_json("plus-1"))
    sim.change("plus-1", AccountChange(account_routing_override="us"))
    [workspace] = (await call(sim, "GET", CHECK, login)).json()["accounts"]
    assert (workspace["workspace_backend_origin"], workspace["account_routing_override"]) == ("NO_CONSTRAINT", "us")

    sim.change("plus-1", AccountChange(account_routing_override="NO_CONSTRAINT"))
    [workspace] = (await call(sim, "GET", CHECK, login)).json()["accounts"]
    assert workspace["account_routing_override"] == "NO_CONSTRAINT"


async def test_the_log_shows_where_a_request_says_it_belongs(sim: Simulator) -> None:
    belongs = {"x-openai-account-routing-override": "us", "X-OpenAI-Fedramp": "true"}
    await call(sim, "GET", USAGE, {**credentials(sim.auth_json("plus-1")), **belongs})

    assert {name: sim.log[-1].header(name) for name in belongs} == belongs


async def test_usage_tells_another_plan_at_once(sim: Simulator) -> None:
    login = credentials(sim.auth_json("plus-1"))
    sim.change("plus-1", AccountChange(plan="free"))
    told = (await call(sim, "GET", USAGE, login)).json()

    assert (told["plan_type"], told["rate_limit"]["secondary_window"]) == ("free", None)
