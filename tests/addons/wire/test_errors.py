"""Errors are read in every shape the upstream has for them."""

from __future__ import annotations

import pytest

from addons.wire.errors import UpstreamError, error_of_json

UNKNOWN = UpstreamError()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            b'{"error":{"type":"invalid_request_error","code":"model_not_found","message":"No.","param":null}}',
            UpstreamError("model_not_found", "invalid_request_error", "No."),
            id="OpenAI",
        ),
        pytest.param(
            b'{"error":{"type":"usage_limit_reached","message":"m","resets_at":1795445000,"resets_in_seconds":8.5}}',
            UpstreamError(None, "usage_limit_reached", "m", 1_795_445_000.0, 8.5),
            id="usage limit",
        ),
        pytest.param(b'{"detail":"Unauthorized"}', UpstreamError(message="Unauthorized"), id="detail"),
        pytest.param(
            b'{"detail":{"code":"deactivated_workspace"}}',
            UpstreamError("deactivated_workspace"),
            id="detail object",
        ),
        pytest.param(
            b'{"error":"invalid_grant","error_description":"Used."}',
            UpstreamError("invalid_grant", message="Used."),
            id="OAuth",
        ),
        pytest.param(b'{"code":"slow_down","message":"m"}', UpstreamError("slow_down", message="m"), id="bare"),
        pytest.param(b'{"error":null,"code":"a"}', UpstreamError("a"), id="error is null"),
        pytest.param(b'{"error":{"code":429,"type":[],"message":{}}}', UNKNOWN, id="strange types"),
        pytest.param(b'{"error":{"resets_at":true,"resets_in_seconds":"9"}}', UNKNOWN, id="strange times"),
        pytest.param(b'{"error":{"resets_at":-1,"resets_in_seconds":0}}', UNKNOWN, id="times that cannot be"),
        pytest.param(b'{"error":["a"]}', UNKNOWN, id="list of errors"),
        pytest.param(b"<html><title>Just a moment...</title></html>", UNKNOWN, id="HTML"),
        pytest.param(b"too many", UNKNOWN, id="text"),
        pytest.param(b'"text"', UNKNOWN, id="JSON text"),
        pytest.param(b"", UNKNOWN, id="empty"),
        pytest.param(b'{"error":{"code":"a"}', UNKNOWN, id="cut"),
        pytest.param(b'{"error":"\xff"}', UNKNOWN, id="not UTF-8"),
        pytest.param(b"[" * 100_000, UNKNOWN, id="deep"),
    ],
)
def test_error_of_json(body: bytes, expected: UpstreamError) -> None:
    assert error_of_json(body) == expected


@pytest.mark.parametrize(
    ("error", "reason"),
    [(UpstreamError("c", "t"), "c"), (UpstreamError(None, "t"), "t"), (UNKNOWN, None)],
    ids=["code", "only a type", "neither"],
)
def test_the_reason_is_the_code_or_else_the_type(error: UpstreamError, reason: str | None) -> None:
    assert error.reason == reason
