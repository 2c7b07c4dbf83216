"""A browser login up to the redirect that brings its code, as the browser sees it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from scripts.simulator.authorize import AskError, read_ask
from scripts.simulator.codes import challenge_of
from scripts.simulator.faults import Fault
from scripts.simulator.server import Simulator
from tests.scripts.simulator.caller import Answer, call

HERE = "http://127.0.0.1:1455/auth/callback"
ASKED = {
    "response_type": "code",
    "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
    "redirect_uri": HERE,
    "code_challenge": challenge_of("v" * 64),
    "code_challenge_method": "S256",
    "state": "s t/&=",
    "scope": "openid profile email offline_access api.connectors.read api.connectors.invoke",
    "id_token_add_organizations": "true",
    "codex_cli_simplified_flow": "true",
    "originator": "codex_cli_rs",
}


async def authorize(sim: Simulator, **changed: str) -> Answer:
    return await call(sim, "GET", "/oauth/authorize?" + urlencode({**ASKED, **changed}))


def told(answer: Answer) -> dict[str, str]:
    """What a redirect to the client tells it."""
    assert answer.status == 302
    where, _, query = answer.headers["location"].partition("?")
    assert where == HERE
    return {key: values[0] for key, values in parse_qs(query, strict_parsing=True).items()}


@pytest.mark.parametrize(
    ("redirect_uri", "allowed"),
    [
        pytest.param(HERE, True, id="as Codex does"),
        pytest.param("http://localhost:1457/auth/callback", True, id="as older ones do"),
        pytest.param("http://127.0.0.1:49152/auth/callback", True, id="any port"),
        pytest.param("http://127.0.0.1/auth/callback", True, id="no port"),
        # never away from this machine
        pytest.param("https://127.0.0.1:1455/auth/callback", False, id="https"),
        pytest.param("http://192.0.2.1:1455/auth/callback", False, id="another machine"),
        pytest.param("http://127.0.0.1.example.com/auth/callback", False, id="a name that begins alike"),
        pytest.param("http://127.0.0.1:1455@example.com/auth/callback", False, id="a user before another machine"),
        pytest.param("http://127.0.0.1\\@example.com/auth/callback", False, id="a backslash"),
        pytest.param("http://127.0.0.1:1455/auth/callback\nx", False, id="a second line"),
        pytest.param("http://127.0.0.1:1455/elsewhere", False, id="another path"),
        pytest.param("http://127.0.0.1:1455/auth/callback?next=x", False, id="a query"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_where_a_browser_may_be_sent(redirect_uri: str, allowed: bool) -> None:
    if allowed:
        assert read_ask({**ASKED, "redirect_uri": redirect_uri}).redirect_uri == redirect_uri
    else:
        with pytest.raises(AskError, match="redirect_uri"):
            read_ask({**ASKED, "redirect_uri": redirect_uri})


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="another response type"),
        pytest.param({"code_challenge": ""}, "invalid_request", id="no challenge"),
        pytest.param({"code_challenge": "short"}, "invalid_request", id="a challenge that is none"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="an unsafe challenge"),
        pytest.param({"state": ""}, "invalid_request", id="no state"),
        pytest.param({"scope": "email"}, "invalid_scope", id="no openid"),
        pytest.param({"scope": "openid admin"}, "invalid_scope", id="an unknown scope"),
    ],
)
async def test_a_mistake_is_told_to_the_client(sim: Simulator, changed: dict[str, str], error: str) -> None:
    answer = told(await authorize(sim, **changed, login_hint="plus-1"))

    assert answer["error"] == error
    assert answer.get("state", "") == changed.get("state", ASKED["state"])
    assert "code" not in answer


@pytest.mark.parametrize(
    "changed", [{"redirect_uri": "http://192.0.2.1/auth/callback"}, {"client_id": "other"}], ids=str
)
async def test_nobody_is_sent_to_an_address_that_cannot_be_trusted(sim: Simulator, changed: dict[str, str]) -> None:
    answer = await authorize(sim, **changed, login_hint="plus-1")

    assert (answer.status, "location" in answer.headers) == (400, False)
    assert next(iter(changed)) in answer.body.decode()


async def test_a_person_who_has_chosen_is_sent_back_with_a_code(sim: Simulator) -> None:
    answer = told(await authorize(sim, login_hint="pro-1"))

    assert (answer["state"], answer["scope"]) == (ASKED["state"], ASKED["scope"])
    assert sim.world.codes.holder(answer["code"]) == "pro-1"
    assert sim.log[-1].account == "pro-1"


@pytest.mark.parametrize("hint", ["", "somebody@example.com"])
async def test_anybody_else_is_asked_for_an_account(sim: Simulator, hint: str) -> None:
    page = await authorize(sim, login_hint=hint)

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body.count(b"login_hint=") == 3
    assert b"login_hint=pro-1" in page.body


async def test_a_person_may_refuse(sim: Simulator) -> None:
    answer = told(await authorize(sim, refused="yes"))

    assert (answer["error"], answer["state"]) == ("access_denied", ASKED["state"])


async def test_an_authorization_may_meet_a_fault(sim: Simulator) -> None:
    sim.script(Fault(path="/oauth/authorize", status=503))

    assert (await authorize(sim)).status == 503
    assert urlsplit((await authorize(sim, login_hint="plus-1")).headers["location"]).port == 1455
