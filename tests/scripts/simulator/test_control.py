from __future__ import annotations

import pytest

from scripts.simulator.faults import Fault
from scripts.simulator.refusals import Refusal
from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import ask, call


async def test_the_log_can_be_read_from_a_number_on(sim: Simulator) -> None:
    await ask(sim, "plus-1")
    await ask(sim, "plus-2")

    told = (await call(sim, "GET", "/_simulator/log?since=1")).json()

    assert [(entry["number"], entry["account"], entry["ending"]) for entry in told] == [(2, "plus-2", "whole")]


async def test_accounts_show_windows_and_books_and_no_tokens(sim: Simulator) -> None:
    await ask(sim, "plus-1")
    answer = await call(sim, "GET", "/_simulator/accounts")

    first = answer.json()[0]
    assert (first["name"], first["books"]["completed"]) == ("plus-1", 1)
    assert [window["minutes"] for window in first["windows"]] == [300, 10_080]
    assert b"eyJ" not in answer.body
    assert b"rt_" not in answer.body


async def test_an_account_can_be_changed(sim: Simulator) -> None:
    change = {"windows": [{"minutes": 300, "used_percent": 50}], "condition": "deactivated"}
    told = (await call(sim, "POST", "/_simulator/accounts/plus-1", data=change)).json()

    assert (told["windows"][0]["used_percent"], told["condition"]) == (50, "deactivated")


async def test_a_login_can_be_had(sim: Simulator) -> None:
    told = (await call(sim, "GET", "/_simulator/auth/pro-1?expires_in=60")).json()

    assert told["tokens"]["account_id"] == "acct-pro-1"


async def test_waiting_devices_can_be_approved_and_refused(sim: Simulator) -> None:
    approved, refused = sim.world.devices.start(), sim.world.devices.start()
    await call(sim, "POST", f"/_simulator/device/{approved.user_code}", data={"account": "pro-1"})
    await call(sim, "DELETE", f"/_simulator/device/{refused.user_code}")

    approval = sim.world.devices.collect(approved.device_auth_id, approved.user_code, [])
    assert sim.world.codes.holder(approval.authorization_code) == "pro-1"
    with pytest.raises(Refusal, match="access_denied"):
        sim.world.devices.collect(refused.device_auth_id, refused.user_code, [])


async def test_faults_can_be_scripted_seen_and_cleared(sim: Simulator) -> None:
    faults = "/_simulator/faults"
    await call(sim, "POST", faults, data=[{"status": 500}, {"status": 429}])

    assert [fault["status"] for fault in (await call(sim, "GET", faults)).json()] == [500, 429]
    assert (await ask(sim)).status == 500
    await call(sim, "DELETE", faults)
    assert (await ask(sim)).status == 200


async def test_control_requests_are_not_in_the_log_and_meet_no_fault(sim: Simulator) -> None:
    sim.script(Fault(status=500, times=None))

    assert (await call(sim, "GET", "/_simulator/log")).json() == []


@pytest.mark.parametrize(
    ("method", "path", "data", "why"),
    [
        ("GET", "auth/nobody", None, "there is no account 'nobody'"),
        ("POST", "accounts/nobody", {}, "there is no account 'nobody'"),
        ("POST", "accounts/plus-1", {"windows": [{"minutes": 1, "used_percent": 1}]}, "no window of 1 minutes"),
        ("POST", "accounts/plus-1", {"access_tokens": "lost"}, "'lost' is not a valid"),
        ("POST", "accounts/plus-1", {"plan": "gold"}, "unknown plan 'gold'"),
        ("POST", "device/ABCD-12345", {"account": "plus-1"}, "no device waits with the code 'ABCD-12345'"),
        ("POST", "device/ABCD-12345", {}, "there is no account ''"),
        ("DELETE", "device/ABCD-12345", None, "no device waits"),
        ("POST", "faults", {"statsu": 1}, "no statsu"),
        ("GET", "log?since=x", None, "invalid literal"),
    ],
)
async def test_a_mistake_is_answered_with_its_reason(
    sim: Simulator, method: str, path: str, data: object, why: str
) -> None:
    answer = await call(sim, method, f"/_simulator/{path}", data=data)

    assert answer.status == 400
    assert why in answer.body.decode()


async def test_unknown_control_paths_are_404(sim: Simulator) -> None:
    assert (await call(sim, "GET", "/_simulator/nothing")).status == 404
