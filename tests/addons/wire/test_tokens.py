"""The token endpoint is asked as Codex asks it, and its answers are read in every shape."""

from __future__ import annotations

import json

import pytest

from addons.wire.tokens import NewTokens, RefreshProblem, RefreshReason, read_refresh_answer, refresh_request
from tests.codexlb_store.rows import a_jwt

FRESH = a_jwt({"exp": 5000, "sub": "ann"})
INVALID = "refresh_token_invalidated"


def error(code: object) -> bytes:
    return json.dumps({"error": {"message": "Try signing in again.", "code": code}}).encode()


def passing(code: str) -> RefreshProblem:
    return RefreshProblem(permanent=False, code=code)


def permanent(code: str) -> RefreshProblem:
    return RefreshProblem(permanent=True, code=code)


@pytest.mark.parametrize(
    ("reason", "name"),
    [(RefreshReason.EXPIRY, "proactive_expiry"), (RefreshReason.UNAUTHORIZED, "unauthorized_recovery")],
)
def test_a_refresh_is_asked_for_as_codex_does(reason: RefreshReason, name: str) -> None:
    assert json.loads(refresh_request("rt_1", reason)) == {
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
        "grant_type": "refresh_token",
        "refresh_token": "rt_1",
        "refresh_reason": name,
    }


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(
            200,
            json.dumps({"access_token": FRESH, "refresh_token": "rt_2", "id_token": "it_2", "expires_in": 1}).encode(),
            NewTokens(FRESH, "rt_2", "it_2", 5000.0),
            id="all three",
        ),
        pytest.param(
            200,
            json.dumps({"access_token": "opaque", "refresh_token": None}).encode(),
            NewTokens("opaque", None, None, None),
            id="only an opaque access token",
        ),
        pytest.param(
            200, b'{"access_token":"a","refresh_token":"r\\u00e9","id_token":7}', NewTokens("a", None, None, None),
            id="tokens that are none",
        ),
        pytest.param(200, b'{"refresh_token":"rt_2"}', passing("no_access_token"), id="no access token"),
        pytest.param(200, b'{"access_token":"a b"}', passing("no_access_token"), id="no header would carry it"),
        pytest.param(200, b'{"access_token":""}', passing("no_access_token"), id="empty"),
        pytest.param(200, b"<html>", passing("no_access_token"), id="HTML"),
        pytest.param(200, b"[]", passing("no_access_token"), id="a list"),
        # permanent: every 401, and the known codes
        pytest.param(401, error("refresh_token_expired"), permanent("refresh_token_expired"), id="expired"),
        pytest.param(401, error("refresh_token_reused"), permanent("refresh_token_reused"), id="reused"),
        pytest.param(401, error(INVALID), permanent(INVALID), id="invalidated"),
        pytest.param(401, error("something_new"), permanent("something_new"), id="unknown 401"),
        pytest.param(401, b"", permanent("http_401"), id="empty 401"),
        pytest.param(400, b'{"error":"invalid_grant"}', permanent("invalid_grant"), id="OAuth"),
        pytest.param(400, b'{"code":"refresh_token_reused"}', permanent("refresh_token_reused"), id="bare code"),
        pytest.param(403, error("app_session_terminated"), permanent("app_session_terminated"), id="session ended"),
        # passing: everything else
        pytest.param(400, error("invalid_client"), passing("invalid_client"), id="not about the token"),
        pytest.param(403, b"<html>Just a moment...</html>", passing("http_403"), id="challenge"),
        pytest.param(429, error("refresh_token_expired"), passing("refresh_token_expired"), id="burst"),
        pytest.param(500, error("invalid_grant"), passing("invalid_grant"), id="server error"),
        pytest.param(503, b"", passing("http_503"), id="overloaded"),
        pytest.param(302, b"", passing("http_302"), id="redirect"),
        pytest.param(400, error("a sentence, no code"), passing("http_400"), id="a code that is no name"),
        pytest.param(401, error("rt_5cRb2dU7hQ9zKfLw"), permanent("http_401"), id="a code that is a token"),
        pytest.param(400, error("x" * 65), passing("http_400"), id="a code too long"),
        pytest.param(400, error(7), passing("http_400"), id="a code that is a number"),
    ],
)  # fmt: skip
def test_an_answer_is_tokens_or_a_problem(status: int, body: bytes, expected: NewTokens | RefreshProblem) -> None:
    assert read_refresh_answer(status, body) == expected


def test_a_refresh_token_that_comes_alone_leaves_the_access_token_as_it_is() -> None:
    assert read_refresh_answer(200, b'{"refresh_token":"rt_2"}', FRESH) == NewTokens(FRESH, "rt_2", None, 5000.0)
    assert read_refresh_answer(200, b'{"id_token":"it_2"}', FRESH) == passing("no_access_token")


def test_tokens_are_never_shown() -> None:
    assert repr(NewTokens("secret-a", "secret-r", "secret-i", 5000.0)) == "NewTokens(expires_at=5000.0)"
