from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scripts.simulator.account import AccountChange, Condition
from scripts.simulator.journal import Ending, Entry
from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import RESPONSES, ask, call, credentials, turn


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({}, 401, "invalid_jwt", id="no token"),
        pytest.param({"authorization": "Bearer made-up"}, 401, "invalid_jwt", id="unknown token"),
        pytest.param({"authorization": "Basic eDp5"}, 401, "invalid_jwt", id="another scheme"),
    ],
)
async def test_strangers_are_not_served(sim: Simulator, headers: dict[str, str], status: int, code: str) -> None:
    answer = await call(sim, "POST", RESPONSES, headers, turn())

    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    assert sim.log[-1].account is None


@pytest.mark.parametrize(("account_id", "status"), [("acct-plus-1", 200), ("acct-plus-2", 403), (None, 200)])
async def test_the_account_header_must_fit_the_token(sim: Simulator, account_id: str | None, status: int) -> None:
    headers = credentials(sim.auth_json("plus-1"))
    del headers["chatgpt-account-id"]
    if account_id:
        headers["chatgpt-account-id"] = account_id

    assert (await call(sim, "POST", RESPONSES, headers, turn())).status == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (AccountChange(access_tokens="expired"), 401),
        (AccountChange(access_tokens="revoked"), 401),
        (AccountChange(condition=Condition.DEACTIVATED), 401),
        (AccountChange(condition=Condition.WORKSPACE_DEACTIVATED), 402),
    ],
)
async def test_what_befalls_an_account_shows_at_its_next_request(
    sim: Simulator, change: AccountChange, status: int
) -> None:
    headers = credentials(sim.auth_json("plus-1"))
    sim.change("plus-1", change)

    assert (await call(sim, "POST", RESPONSES, headers, turn())).status == status
    assert sim.log[-1].account == "plus-1"


async def test_an_expired_token_is_refused(sim: Simulator) -> None:
    headers = credentials(sim.auth_json("plus-1", expires_in=-1))

    answer = await call(sim, "POST", RESPONSES, headers, turn())

    assert answer.json()["error"]["code"] == "token_expired"


async def test_everything_received_is_in_the_log(sim: Simulator) -> None:
    headers = {**credentials(sim.auth_json("plus-1")), "Session-Id": "s-1"}
    await call(sim, "POST", RESPONSES + "?a=b", headers, b'{ "model":"m" }')
    received = sim.log[-1]

    assert (received.method, received.path, received.query) == ("POST", RESPONSES, "a=b")
    assert (received.body, received.header("session-id")) == (b'{ "model":"m" }', "s-1")
    assert ("Session-Id", "s-1") in received.headers
    assert (received.status, received.ending) == (200, Ending.WHOLE)
    assert received.sent_bytes > 0
    assert received.ended_at is not None
    assert received.ended_at >= received.at


async def test_unknown_paths_are_404(sim: Simulator) -> None:
    assert (await call(sim, "GET", "/")).status == 404
    assert (await call(sim, "GET", "/backend-api/wham/settings/user")).status == 404


async def test_a_listener_hears_of_every_end() -> None:
    ended: list[Entry] = []
    async with Simulator(accounts="plus", on_end=ended.append) as sim:
        await ask(sim)
        await ask(sim)

    assert [entry.number for entry in ended] == [1, 2]


async def test_windows_reset_when_their_time_has_come() -> None:
    now = [1_800_000_000.0]
    async with Simulator(accounts="plus", capacity=1e-6, speed=600, now=lambda: now[0]) as sim:
        statuses = [(await ask(sim)).status, (await ask(sim)).status]
        now[0] += 1_008  # a week at this speed
        statuses.append((await ask(sim)).status)

    assert statuses == [200, 429, 200]


async def test_streams_under_way_end_when_the_simulator_stops() -> None:
    async with Simulator(accounts="plus", delta_ms=60_000) as sim:
        asking = asyncio.create_task(ask(sim))
        while not sim.log:
            await asyncio.sleep(0.01)

    assert not (await asking).whole
    assert sim.log[0].ending is Ending.LEFT


@pytest.mark.parametrize("wrong", [{"accounts": "gold"}, {"speed": 0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"gold|speed"):
        Simulator(**wrong)


def test_an_unknown_account_has_no_login() -> None:
    with pytest.raises(KeyError, match="no account 'nobody'; there are plus-1"):
        Simulator(accounts="plus").auth_json("nobody")
