"""What a login asks the issuer, against a simulated one: what comes back, and one sentence when nothing good does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from addons.upkeep.calls import MOST_ANSWER_BYTES
from addons.upkeep.login_calls import LoginCalls, LoginError
from addons.wire.device_logins import DEVICE_CALLBACK_PATH, DEVICE_CODE_PATH, DEVICE_TOKEN_PATH, Grant, Wait
from addons.wire.logins import TOKEN_PATH, authorize_url, callback_url, challenge_of
from addons.wire.origins import parse_origin
from addons.wire.tokens import NewTokens
from scripts.simulator.faults import Act, Fault
from scripts.simulator.server import Simulator
from tests.ports import free_port

REDIRECT, VERIFIER = callback_url(1455), "a-verifier-of-at-least-forty-three-characters"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(accounts="ann:plus") as sim:
        yield sim


@pytest.fixture
async def calls(sim: Simulator) -> AsyncIterator[LoginCalls]:
    async with LoginCalls(parse_origin(sim.origin)) as calls:
        yield calls


async def code_of(calls: LoginCalls) -> str:
    """The code that a browser would come back with."""
    url = authorize_url(calls.issuer, REDIRECT, "a-state", challenge_of(VERIFIER))
    async with aiohttp.request("GET", url + "&login_hint=ann", allow_redirects=False) as response:
        return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]


def is_anns(sim: Simulator, tokens: NewTokens) -> bool:
    return sim.world.issuer.require_access(tokens.access_token).name == "ann"


async def test_a_code_is_good_for_all_tokens_once(sim: Simulator, calls: LoginCalls) -> None:
    code = await code_of(calls)
    tokens = await calls.redeem(code, REDIRECT, VERIFIER)

    assert is_anns(sim, tokens)
    assert tokens.refresh_token and tokens.id_token and tokens.expires_at
    with pytest.raises(LoginError, match=r"gave no tokens for this login \(invalid_grant\): log in again\.$"):
        await calls.redeem(code, REDIRECT, VERIFIER)


@pytest.mark.parametrize(("redirect_uri", "verifier"), [(callback_url(1457), VERIFIER), (REDIRECT, "another-verifier")])
async def test_a_code_is_of_no_use_to_another_login(calls: LoginCalls, redirect_uri: str, verifier: str) -> None:
    with pytest.raises(LoginError, match="invalid_grant"):
        await calls.redeem(await code_of(calls), redirect_uri, verifier)


async def test_a_device_waits_until_its_person_has_approved(sim: Simulator, calls: LoginCalls) -> None:
    device = await calls.device_code()
    assert await calls.device_answer(device) is Wait.PENDING

    sim.approve_device(device.user_code, "ann")
    grant = await calls.device_answer(device)

    assert isinstance(grant, Grant)
    tokens = await calls.redeem(grant.code, calls.issuer.url + DEVICE_CALLBACK_PATH, grant.verifier)
    assert is_anns(sim, tokens)


async def test_a_device_hears_that_it_was_refused(sim: Simulator, calls: LoginCalls) -> None:
    device = await calls.device_code()
    sim.refuse_device(device.user_code)

    with pytest.raises(LoginError, match=r"^The login was refused \(access_denied: .*\): nothing was changed\.$"):
        await calls.device_answer(device)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(Fault(act=Act.RESET), Wait.PENDING, id="reset"),
        pytest.param(Fault(act=Act.SILENCE), Wait.PENDING, id="silence"),
        pytest.param(Fault(status=502, body="<html>"), Wait.PENDING, id="502"),
        pytest.param(Fault(status=429), Wait.SLOW_DOWN, id="429"),
    ],
)
async def test_trouble_while_a_device_waits_may_pass(
    sim: Simulator, calls: LoginCalls, fault: Fault, expected: Wait
) -> None:
    device = await calls.device_code()
    calls.issuer_seconds = 1.0 if fault.act is Act.SILENCE else 10.0
    sim.script(fault)

    assert await calls.device_answer(device) is expected


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        pytest.param(Fault(act=Act.RESET), "could not be reached", id="reset"),
        pytest.param(Fault(act=Act.SILENCE), "did not answer in time", id="silence"),
        pytest.param(Fault(status=502), "http_502", id="502"),
        pytest.param(Fault(status=200, body={}), "no_access_token|http_200", id="nothing in it"),
        pytest.param(Fault(status=200, body="x" * (MOST_ANSWER_BYTES + 1)), "answer that is too long", id="endless"),
        pytest.param(Fault(status=302, headers={"location": "/elsewhere"}), "http_302", id="sent elsewhere"),
    ],
)
@pytest.mark.parametrize("path", [TOKEN_PATH, DEVICE_CODE_PATH])
async def test_an_issuer_in_trouble_is_one_sentence(
    sim: Simulator, calls: LoginCalls, path: str, fault: Fault, why: str
) -> None:
    calls.issuer_seconds = 1.0 if fault.act is Act.SILENCE else 10.0
    sim.script(fault)

    with pytest.raises(LoginError, match=why) as raised:
        await (
            calls.device_code() if path == DEVICE_CODE_PATH else calls.redeem("ac_secret", REDIRECT, "verifier-secret")
        )
    assert str(raised.value).startswith(sim.origin)
    assert "secret" not in str(raised.value)
    assert len(sim.log) == 1, "and it is not asked again"


async def test_nobody_there_is_one_sentence() -> None:
    async with LoginCalls(parse_origin(f"http://127.0.0.1:{free_port()}")) as calls:
        with pytest.raises(LoginError, match="could not be reached, so the login was not finished: log in again"):
            await calls.device_code()


async def test_the_requests_are_of_the_kind_that_codex_sends(sim: Simulator, calls: LoginCalls) -> None:
    device = await calls.device_code()
    await calls.device_answer(device)
    with pytest.raises(LoginError):
        await calls.redeem("ac_1", REDIRECT, VERIFIER)

    kinds = {entry.path: dict(entry.headers)["content-type"] for entry in sim.log}
    assert kinds == {
        DEVICE_CODE_PATH: "application/json",
        DEVICE_TOKEN_PATH: "application/json",
        TOKEN_PATH: "application/x-www-form-urlencoded",
    }
