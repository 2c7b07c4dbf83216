from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from scripts.simulator.account import AccountChange
from scripts.simulator.codes import challenge_of
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.server import Simulator
from scripts.simulator.tokens import AUTH_CLAIM, CLIENT_ID
from tests.scripts.simulator.caller import RESPONSES, Answer, call, post_form, turn, until
from tests.scripts.simulator.test_tokens import claims

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
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token(sim)}

    assert (await post_form(sim, TOKEN, form)).status == 200


@pytest.mark.parametrize("data", [{"grant_type": "password"}, {}], ids=str)
async def test_other_grants_are_not_offered(sim: Simulator, data: dict[str, Any]) -> None:
    answer = await call(sim, "POST", TOKEN, data=data)

    assert (answer.status, answer.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_refresh_can_be_made_to_fail_for_one_account(sim: Simulator) -> None:
    sim.script(Fault(account="plus-2", path=TOKEN, status=500))

    assert (await refresh(sim, refresh_token(sim, "plus-1"))).status == 200
    assert (await refresh(sim, refresh_token(sim, "plus-2"))).status == 500
    assert [entry.account for entry in sim.log] == ["plus-1", "plus-2"]


@pytest.mark.parametrize("act", [Act.RESET, Act.CLOSE, Act.SILENCE])
async def test_the_answer_to_a_refresh_can_be_lost_after_the_tokens_were_rotated(sim: Simulator, act: Act) -> None:
    """The client knows no new token, and the issuer does not take the old one any more."""
    token = refresh_token(sim)
    sim.script(Fault(path=TOKEN, act=act, at=Moment.HEAD))
    asking = asyncio.create_task(refresh(sim, token))
    await until(lambda: any(entry.status == 200 for entry in sim.log))
    if act is not Act.SILENCE:
        assert not (await asking).whole
    asking.cancel()

    assert (await refresh(sim, token)).json()["error"]["code"] == "refresh_token_reused"


@pytest.mark.parametrize(
    "fault", [Fault(path=TOKEN, act=Act.RESET), Fault(path=TOKEN, status=500)], ids=["reset", "an error"]
)
async def test_a_refresh_that_fails_before_it_is_done_leaves_the_token_good(sim: Simulator, fault: Fault) -> None:
    token = refresh_token(sim)
    sim.script(fault)

    assert (await refresh(sim, token)).status in (0, 500)
    assert (await refresh(sim, token)).status == 200


async def test_refreshed_tokens_tell_the_plan_as_it_is_now(sim: Simulator) -> None:
    token = refresh_token(sim)
    sim.change("plus-1", AccountChange(plan="pro", fedramp=True))
    new = (await refresh(sim, token)).json()

    for told in (claims(new["id_token"])[AUTH_CLAIM], claims(new["access_token"])[AUTH_CLAIM]):
        assert (told["chatgpt_plan_type"], told["chatgpt_account_is_fedramp"]) == ("pro", True)


CODE = {
    "grant_type": "authorization_code",
    "client_id": CLIENT_ID,
    "redirect_uri": "http://127.0.0.1:1455/auth/callback",
    "code_verifier": "v" * 64,
}


def code_for(sim: Simulator, name: str) -> str:
    return sim.world.codes.give(name, frozenset({CODE["redirect_uri"]}), challenge_of(CODE["code_verifier"]))


async def test_an_authorization_code_buys_a_login(sim: Simulator) -> None:
    code = code_for(sim, "plus-2")
    answer = await post_form(sim, TOKEN, {**CODE, "code": code})
    tokens = answer.json()

    assert answer.status == 200
    assert claims(tokens["id_token"])["email"] == "plus-2@example.com"
    headers = {"authorization": f"Bearer {tokens['access_token']}", "chatgpt-account-id": "acct-plus-2"}
    assert (await call(sim, "POST", RESPONSES, headers, turn())).status == 200
    assert (await refresh(sim, tokens["refresh_token"])).status == 200
    assert [entry.account for entry in sim.log] == ["plus-2"] * 3


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"code": "ac_made_up"}, 400, "invalid_grant"),
        ({"code_verifier": "w" * 64}, 400, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:1457/auth/callback"}, 400, "invalid_grant"),
        ({"client_id": "other"}, 401, "invalid_client"),
    ],
    ids=["code", "verifier", "address", "client"],
)
async def test_a_code_is_worth_nothing_to_anybody_else(
    sim: Simulator, changed: dict[str, str], status: int, error: str
) -> None:
    answer = await post_form(sim, TOKEN, {**CODE, "code": code_for(sim, "plus-2"), **changed})

    assert (answer.status, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]


async def test_a_login_buys_no_api_key(sim: Simulator) -> None:
    """`codex login` tries it after every login in a browser and goes on without."""
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "requested_token": "openai-api-key"}
    answer = await post_form(sim, TOKEN, form)

    assert (answer.status, answer.json()["error"]["code"]) == (401, "invalid_subject_token")
