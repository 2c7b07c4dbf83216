"""A device login on the wire: the device asks again and again, its person decides in a browser."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import Answer, call, post_form

CLIENT = {"client_id": "app_EMoamEEZ73f0CkXaXp7hrann"}
USER_CODE, TOKEN, PAGE = "/api/accounts/deviceauth/usercode", "/api/accounts/deviceauth/token", "/codex/device"


async def start(sim: Simulator) -> dict[str, Any]:
    answer = await call(sim, "POST", USER_CODE, data=CLIENT)
    assert answer.status == 200
    device: dict[str, Any] = answer.json()
    return device


async def poll(sim: Simulator, device: dict[str, Any]) -> Answer:
    return await call(sim, "POST", TOKEN, data={key: device[key] for key in ("device_auth_id", "user_code")})


async def redeem(sim: Simulator, approval: dict[str, Any], redirect_uri: str) -> Answer:
    form = {**CLIENT, "grant_type": "authorization_code", "redirect_uri": redirect_uri}
    code = {"code": approval["authorization_code"], "code_verifier": approval["code_verifier"]}
    return await post_form(sim, "/oauth/token", {**form, **code})


async def test_a_device_is_told_how_to_wait() -> None:
    async with Simulator(accounts="plus", device_interval=7, now=lambda: 1_800_000_000.0) as sim:
        device = await start(sim)

    assert set(device) == {"device_auth_id", "user_code", "interval", "expires_at"}
    assert (device["interval"], device["expires_at"]) == ("7", "2027-01-15T08:15:00+00:00")


async def test_another_client_is_not_known(sim: Simulator) -> None:
    answer = await call(sim, "POST", USER_CODE, data={"client_id": "other"})

    assert (answer.status, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("of_this_server", [False, True], ids=["real callback", "own callback"])
async def test_an_approved_device_is_logged_in(sim: Simulator, of_this_server: bool) -> None:
    device = await start(sim)
    assert (await poll(sim, device)).status == 403
    sim.approve_device(device["user_code"], "pro-1")
    approved = await poll(sim, device)

    issuer = sim.origin if of_this_server else "https://auth.openai.com"
    tokens = await redeem(sim, approved.json(), f"{issuer}/deviceauth/callback")
    assert sim.world.holder(tokens.json()["access_token"]) == "pro-1"
    assert (await poll(sim, device)).status == 404
    assert [entry.account for entry in sim.log] == [None, None, "pro-1", "pro-1", None]


async def test_a_code_for_a_device_works_with_no_other_callback(sim: Simulator) -> None:
    device = await start(sim)
    sim.approve_device(device["user_code"], "pro-1")
    approval = (await poll(sim, device)).json()

    answer = await redeem(sim, approval, "http://127.0.0.1:1455/auth/callback")
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_person_approves_on_the_page(sim: Simulator) -> None:
    device = await start(sim)
    page = await call(sim, "GET", PAGE)
    typed = f" {device['user_code'].lower()} "
    done = await post_form(sim, PAGE, {"user_code": typed, "account": "plus-2", "decision": "approve"})

    assert (page.status, page.body.count(b"<option")) == (200, 3)
    assert (done.status, b"go back to your device" in done.body) == (200, True)
    assert sim.world.codes.holder((await poll(sim, device)).json()["authorization_code"]) == "plus-2"


async def test_a_device_may_be_refused(sim: Simulator) -> None:
    device = await start(sim)
    sim.refuse_device(device["user_code"])

    assert (await poll(sim, device)).status == 400


async def test_a_person_refuses_on_the_page(sim: Simulator) -> None:
    device = await start(sim)
    done = await post_form(sim, PAGE, {"user_code": device["user_code"], "account": "plus-2", "decision": "refuse"})

    assert done.status == 200
    answer = await poll(sim, device)
    assert (answer.status, answer.json()["error"]) == (400, "access_denied")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"user_code": "<b>", "decision": "refuse"}, "&lt;B&gt;"),
        ({"user_code": "known", "account": "nobody", "decision": "approve"}, "there is no account"),
        ({}, "no device waits"),
    ],
    ids=["an unknown code", "an unknown account", "nothing"],
)
async def test_a_mistake_on_the_page_is_told(sim: Simulator, typed: dict[str, str], why: str) -> None:
    device = await start(sim)
    answer = await post_form(sim, PAGE, {k: device["user_code"] if v == "known" else v for k, v in typed.items()})

    assert answer.status == 400
    assert why in answer.body.decode()
    assert (await poll(sim, device)).status == 403
