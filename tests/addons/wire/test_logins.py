"""A browser is asked and its answer redeemed as the Codex CLI does it; what strangers send is no answer."""

from __future__ import annotations

import pytest

from addons.wire.logins import (
    LONGEST_LINE,
    Code,
    LoginProblem,
    authorize_url,
    callback_url,
    challenge_of,
    one_line,
    problem_of,
    read_callback,
    read_pasted,
    redemption,
)
from addons.wire.origins import parse_origin

STATE = "7GxzSjxN8ZfZIu_RR8JdTt11e-MDpV8zaRC749WYA0s"
VERIFIER = "cXWjqrwLsYL_i9GKheJG8uQZGuD5GOQ5dybYWSQpNp5wP1KOdZxiDESGyNyye1Ti2CnZFRqwoN9TF-COiVd7Zw"
CALLBACK = f"code=ac_1&scope=openid+profile&state={STATE}"

ASKED_BY_CODEX = (
    "https://auth.openai.com/oauth/authorize?response_type=code&client_id=app_EMoamEEZ73f0CkXaXp7hrann"
    "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1455%2Fauth%2Fcallback"
    "&code_challenge=1SrwuidTfvdqBX22OcZlypojGWmvxBht8XHlqHIeB_Q&code_challenge_method=S256"
    f"&state={STATE}"
    "&scope=openid+profile+email+offline_access+api.connectors.read+api.connectors.invoke"
    "&id_token_add_organizations=true&codex_cli_simplified_flow=true&originator=codex_cli_rs"
)
REDEEMED_BY_CODEX = (
    b"grant_type=authorization_code&client_id=app_EMoamEEZ73f0CkXaXp7hrann&code=ac_fake"
    b"&redirect_uri=http%3A%2F%2F127.0.0.1%3A1455%2Fauth%2Fcallback"
    b"&code_verifier=cXWjqrwLsYL_i9GKheJG8uQZGuD5GOQ5dybYWSQpNp5wP1KOdZxiDESGyNyye1Ti2CnZFRqwoN9TF-COiVd7Zw"
)


def test_the_address_to_open_is_the_one_that_codex_0_169_opened() -> None:
    issuer = parse_origin("https://auth.openai.com")

    assert authorize_url(issuer, callback_url(1455), STATE, challenge_of(VERIFIER)) == ASKED_BY_CODEX


def test_the_challenge_is_that_of_rfc_7636() -> None:
    """Appendix B of the RFC."""
    challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_code_is_redeemed_as_codex_0_169_did() -> None:
    assert redemption("ac_fake", callback_url(1455), VERIFIER) == REDEEMED_BY_CODEX


def test_nothing_of_a_code_can_leave_its_field() -> None:
    assert b"code=a%26b%3Dc+d%23&redirect_uri=" in redemption("a&b=c d#", callback_url(1455), VERIFIER)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(CALLBACK, Code("ac_1"), id="code"),
        pytest.param(f"state={STATE}&code=a%2Bb%26", Code("a+b&"), id="escaped"),
        pytest.param(
            f"error=access_denied&error_description=You+said+no.&state={STATE}",
            LoginProblem("access_denied", "You said no."),
            id="refused",
        ),
        pytest.param(f"error=access_denied&code=ac_1&state={STATE}", LoginProblem("access_denied"), id="both"),
        pytest.param(
            f"error=%1b[31mred&error_description=a%0ab&state={STATE}", LoginProblem("unnamed"), id="unprintable"
        ),
        # Not the answer to this login, whoever led the browser here.
        pytest.param("", None, id="nothing"),
        pytest.param("code=ac_1", None, id="no state"),
        pytest.param("code=ac_1&state=", None, id="empty state"),
        pytest.param(f"code=ac_1&state={STATE}x", None, id="longer state"),
        pytest.param(f"code=ac_1&state={STATE.lower()}", None, id="state in another case"),
        pytest.param("code=ac_1&state=%ff%00\udc80", None, id="state that is no text"),
        pytest.param("error=access_denied&state=other", None, id="refusal of another login"),
        pytest.param(f"state={STATE}", None, id="no code"),
        pytest.param(f"code=&state={STATE}", None, id="empty code"),
        pytest.param(f"code=ac_1&code=ac_2&state={STATE}", None, id="two codes"),
        pytest.param(f"code=ac_1&state={STATE}&state={STATE}", None, id="two states"),
        pytest.param("&".join(["a=1"] * 99) + f"&{CALLBACK}", None, id="too much"),
    ],
)
def test_only_the_answer_to_this_login_is_one(query: str, expected: Code | LoginProblem | None) -> None:
    assert read_callback(query, STATE) == expected


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        pytest.param(f"http://127.0.0.1:1455/auth/callback?{CALLBACK}", Code("ac_1"), id="address"),
        pytest.param(f"  'http://localhost:1457/auth/callback?{CALLBACK}#top'\r", Code("ac_1"), id="quoted"),
        pytest.param(f"<http://127.0.0.1:1455/auth/callback?{CALLBACK}>", Code("ac_1"), id="in brackets"),
        pytest.param(CALLBACK, Code("ac_1"), id="query"),
        pytest.param(f"?{CALLBACK}", Code("ac_1"), id="query with its mark"),
        pytest.param(f"127.0.0.1/?error=server_error&state={STATE}", LoginProblem("server_error"), id="error"),
        pytest.param("ac_1", None, id="a code alone: it could be another login's"),
        pytest.param("http://[", None, id="no address"),
        pytest.param("http://127.0.0.1:1455/auth/callback?code=ac_1&state=other", None, id="another login"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_address_a_browser_ended_on_may_be_pasted(pasted: str, expected: Code | LoginProblem | None) -> None:
    assert read_pasted(pasted, STATE) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"error":"invalid_grant","error_description":"It has expired."}', "invalid_grant: It has expired"),
        (403, b'{"error":{"code":"no_seat","message":"Ask the owner."}}', "no_seat: Ask the owner"),
        (404, b"<html>", "http_404"),
        (400, b'{"error":"<b>","error_description":"two\\nlines"}', "http_400"),
    ],
    ids=["OAuth", "OpenAI", "a page", "unprintable"],
)
def test_a_problem_is_said_in_the_issuers_words(status: int, body: bytes, expected: str) -> None:
    assert str(problem_of(status, body)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (" No. ", "No."),
        ("x" * LONGEST_LINE, "x" * LONGEST_LINE),
        ("x" * (LONGEST_LINE + 1), None),
        ("a\x1b[2Jb", None),
        ("  ", None),
        (None, None),
    ],
    ids=["one line", "the longest", "too long", "an escape", "blank", "none"],
)
def test_what_a_terminal_should_not_print_is_left_out(words: str | None, expected: str | None) -> None:
    assert one_line(words) == expected


def test_a_code_shows_in_no_repr() -> None:
    assert "ac_1" not in repr(read_callback(CALLBACK, STATE))
