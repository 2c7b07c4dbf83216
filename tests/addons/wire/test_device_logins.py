"""A device is announced and asked about as the Codex CLI does it, and every answer is understood."""

from __future__ import annotations

import json
from typing import Any

import pytest

from addons.wire.device_logins import (
    DeviceCode,
    Grant,
    Wait,
    device_code_request,
    device_token_request,
    read_device_answer,
    read_device_code,
)
from addons.wire.logins import LoginProblem

DEVICE = DeviceCode("dev_fake_1", "ABCD-12345", 5.0)


def begun(**changed: Any) -> bytes:
    """The answer that begins a login; None leaves a field out."""
    fields = {"device_auth_id": "dev_fake_1", "user_code": "ABCD-12345", "interval": "5"} | changed
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def refused(code: str, message: str = "No.") -> bytes:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "code": code}}).encode()


def test_the_requests_are_those_of_codex_0_169() -> None:
    assert device_code_request() == b'{"client_id":"app_EMoamEEZ73f0CkXaXp7hrann"}'
    assert device_token_request(DEVICE) == b'{"device_auth_id":"dev_fake_1","user_code":"ABCD-12345"}'


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("5", 5), ("7.5", 7.5), (7, 7), (None, 5), ("soon", 5), ("nan", 5), ("0", 1), ("-3", 1), ("1e9", 60), ("inf", 60)],
)
def test_the_interval_is_sane_however_it_is_said(said: str | float | None, seconds: float) -> None:
    assert read_device_code(200, begun(interval=said)) == DeviceCode("dev_fake_1", "ABCD-12345", seconds)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        pytest.param(404, b"", "http_404", id="not offered"),
        pytest.param(429, refused("rate_limited"), "rate_limited", id="too often"),
        pytest.param(200, b"<html>", "http_200", id="a page"),
        pytest.param(200, begun(device_auth_id=None), "http_200", id="no id"),
        pytest.param(200, begun(user_code="\x1b[2J"), "http_200", id="a code not to print"),
        pytest.param(200, begun(user_code=""), "http_200", id="an empty code"),
    ],
)
def test_a_device_that_gets_no_code_is_told_why(status: int, body: bytes, code: str) -> None:
    problem = read_device_code(status, body)

    assert isinstance(problem, LoginProblem)
    assert problem.code == code


PENDING, SLOW_DOWN = Wait.PENDING, Wait.SLOW_DOWN
EXPIRED = "Device authorization code has expired. Please request a new code."


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(
            200,
            b'{"authorization_code":"ac_1","code_challenge":"cc","code_verifier":"cv"}',
            Grant("ac_1", "cv"),
            id="approved",
        ),
        pytest.param(200, b'{"authorization_code":"ac_1"}', LoginProblem("http_200"), id="no verifier"),
        # Not decided yet.
        pytest.param(403, refused("deviceauth_authorization_unknown", "It is unknown."), PENDING, id="403"),
        pytest.param(403, refused("deviceauth_authorization_pending"), PENDING, id="403 with a code"),
        pytest.param(403, b"<html>Just a moment...</html>", PENDING, id="403 with a page"),
        pytest.param(404, b"", PENDING, id="404"),
        pytest.param(400, b'{"error":"authorization_pending"}', PENDING, id="RFC 8628"),
        pytest.param(500, b"", PENDING, id="500"),
        pytest.param(503, refused("expired"), PENDING, id="503, whatever it says"),
        pytest.param(429, b"", SLOW_DOWN, id="429"),
        pytest.param(400, b'{"error":"slow_down"}', SLOW_DOWN, id="slow_down"),
        # Over.
        pytest.param(403, refused("some_code", EXPIRED), LoginProblem("some_code", EXPIRED), id="expired"),
        pytest.param(404, refused("expired_token"), LoginProblem("expired_token", "No."), id="expired by its code"),
        pytest.param(403, refused("access_denied"), LoginProblem("access_denied", "No."), id="refused with 403"),
        pytest.param(400, b'{"error":"access_denied"}', LoginProblem("access_denied"), id="refused"),
        pytest.param(401, b"", LoginProblem("http_401"), id="401"),
        pytest.param(302, b"", LoginProblem("http_302"), id="sent elsewhere"),
    ],
)
def test_every_answer_about_a_device_is_understood(
    status: int, body: bytes, expected: Grant | Wait | LoginProblem
) -> None:
    assert read_device_answer(status, body) == expected


def test_no_secret_shows_in_a_repr() -> None:
    assert repr(DEVICE) == "DeviceCode(interval_seconds=5.0)"
    assert repr(Grant("ac_1", "cv")) == "Grant()"
