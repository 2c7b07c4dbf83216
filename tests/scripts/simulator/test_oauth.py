from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from scripts.simulator.account import AccountChange
from scripts.simulator.faults import Fault
from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import RESPONSES, Answer, call, turn

TOKEN = "/oauth/token"


def refresh_token(sim: Simulator, name: str = "plus-1") -> str:
    token: str = json.loads(sim.auth_json(name))["tokens"]["refresh_token"]
    return token


async def refresh(sim: Simulator, token: str) -> Answer:
    return await call(sim, "POST", TOKEN, data={"grant_type": "refresh_token", "refresh_token": token})


async def test_a_refreshed_token_works(sim: Simulator) -> None:
    new = (await refresh(sim, refresh_token(sim))).json()
    headers = {"authorization": f"Bearer {new['access_token']}"}

    assert {"id_token", "access_token", "refresh_token"} < set(new)
    assert (await call(sim, "POST", RESPONSES, headers, turn())).status == 200
    assert (await refresh(sim, new["refresh_token"])).status == 200


async def test_a_refresh_token_works_once(sim: Simulator) -> None:
    token = refresh_token(sim)
    await refresh(sim, token)
    again = await refresh(sim, token)

    assert (again.status, again.json()["error"]["code"]) == (401, "refresh_token_reused")


@pytest.mark.parametrize(
    ("standing", "code"), [("expired", "refresh_token_expired"), ("revoked", "refresh_token_invalidated")]
)
async def test_a_refresh_token_may_have_ended(sim: Simulator, standing: str, code: str) -> None:
    token = refresh_token(sim)
    sim.change("plus-1", AccountChange(refresh_tokens=standing))
    answer = await refresh(sim, token)

    assert (answer.status, answer.json()["error"]["code"]) == (401, code)


async def test_a_form_is_understood_like_json(sim: Simulator) -> None:
    form = urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token(sim)}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert (await call(sim, "POST", TOKEN, headers, form)).status == 200


@pytest.mark.parametrize("data", [{"grant_type": "password"}, {}], ids=str)
async def test_other_grants_are_not_offered(sim: Simulator, data: dict[str, Any]) -> None:
    answer = await call(sim, "POST", TOKEN, data=data)

    assert (answer.status, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_refresh_can_be_made_to_fail_for_one_account(sim: Simulator) -> None:
    sim.script(Fault(account="plus-2", path=TOKEN, status=500))

    assert (await refresh(sim, refresh_token(sim, "plus-1"))).status == 200
    assert (await refresh(sim, refresh_token(sim, "plus-2"))).status == 500
    assert [entry.account for entry in sim.log] == ["plus-1", "plus-2"]
