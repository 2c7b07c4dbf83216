from __future__ import annotations

import pytest

from scripts.simulator import refusals
from scripts.simulator.refusals import Refusal


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (refusals.invalid_token(), 401, "invalid_jwt"),
        (refusals.token_expired(), 401, "token_expired"),
        (refusals.token_revoked(), 401, "token_invalidated"),
        (refusals.account_deactivated(), 401, "account_deactivated"),
        (refusals.foreign_content(), 400, "invalid_encrypted_content"),
        (refusals.unknown_model("gpt-99"), 404, "model_not_found"),
        (refusals.broken_body("why"), 400, "invalid_request_body"),
        (refusals.body_too_large(9), 413, "request_too_large"),
        (refusals.refresh_token_reused(), 401, "refresh_token_reused"),
        (refusals.refresh_token_expired(), 401, "refresh_token_expired"),
        (refusals.refresh_token_revoked(), 401, "refresh_token_invalidated"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors_are_known_by_their_code(refusal: Refusal, status: int, code: str) -> None:
    assert (refusal.status, refusal.body["error"]["code"]) == (status, code)
    assert refusal.body["error"]["message"]


@pytest.mark.parametrize(
    ("refusal", "status", "body"),
    [
        (refusals.workspace_deactivated(), 402, {"detail": {"code": "deactivated_workspace"}}),
        (refusals.wrong_workspace(), 403, {"detail": "Forbidden"}),
        (refusals.not_found(), 404, {"detail": "Not Found"}),
        (refusals.upgrade_required(), 426, {"detail": "Upgrade Required"}),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_some_answers_have_only_a_detail(refusal: Refusal, status: int, body: dict[str, object]) -> None:
    assert (refusal.status, refusal.body) == (status, body)


def test_a_usage_limit_is_never_announced_too_early() -> None:
    error = refusals.usage_limit("pro", 1_000.2, 900.5, {}).body["error"]

    assert (error["resets_at"], error["resets_in_seconds"]) == (1_001, 100)
