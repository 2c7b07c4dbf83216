"""What a client is told that may not, in the shape OpenAI's clients read and in words that help."""

from __future__ import annotations

import json

import pytest

from addons.wire import denials
from addons.wire.answers import Answer
from addons.wire.denials import Denial

NOW = 1_795_383_139.2
MONDAY = 1_795_392_000.0

ANSWERS = {
    **{
        f"401 {denial.name.lower()}": (
            denials.unauthorized(denial), 401, {"www-authenticate": "Bearer"},
            {"code": "invalid_api_key", "type": "invalid_request_error", "message": denial.value},
        )
        for denial in Denial
    },
    "too many failures": (
        denials.too_many_failures(12.2), 429, {"retry-after": "13"}, {"code": "too_many_failures"},
    ),
    "address": (denials.wrong_address("10.0.0.9"), 403, {}, {"code": "address_not_allowed"}),
    "no TLS": (denials.needs_tls(), 403, {}, {"code": "tls_required"}),
    "model": (
        denials.model_not_allowed("gpt-5.5-pro", ["gpt-5.5", "gpt-5.4*"]), 403, {},
        {
            "code": "model_not_allowed", "param": "model",
            "message": "This client key may be used for gpt-5.5 or gpt-5.4* only, not for the model 'gpt-5.5-pro'.",
        },
    ),
    "no model": (
        denials.model_not_allowed(None, ["gpt-5.5"]), 403, {},
        {"message": "This client key may be used for gpt-5.5 only, and this request names none."},
    ),
    "no model with limits for models": (
        denials.model_unnamed(), 403, {}, {"code": "model_not_allowed", "param": "model"},
    ),
    "unclear form": (
        denials.form_unclear("The form names more than one model."), 403, {},
        {
            "code": "model_not_allowed", "param": "model",
            "message": "The form names more than one model. So it is not clear for which model this client key is "
                       "used: send a plain form.",
        },
    ),
    "unreadable list": (
        denials.unreadable_models(), 502, {}, {"code": "unreadable_models", "type": "server_error"},
    ),
    "effort": (
        denials.effort_not_allowed("high", ["low", "medium"]), 403, {},
        {
            "code": "reasoning_effort_not_allowed", "param": "reasoning.effort",
            "message": "This client key may be used with reasoning effort low or medium only, not 'high'.",
        },
    ),
    "limit": (
        denials.limit_reached("5M-tokens/day", MONDAY - 0.5, NOW), 429, {"retry-after": "8861"},
        {
            "code": "rate_limit_exceeded", "type": "usage_limit_reached", "resets_at": MONDAY,
            "message": "This client key has used up its limit of 5M-tokens/day: it starts afresh at "
                       "2026-11-23 00:00:00 UTC.",
        },
    ),
    "limit for a minute": (
        denials.limit_reached("60req/min", NOW + 60, NOW), 429, {"retry-after": "60"},
        {"code": "rate_limit_exceeded", "type": "rate_limit_error"},
    ),
    "limit that is over as it is told": (
        denials.limit_reached("60req/min", NOW - 1, NOW), 429, {"retry-after": "1"}, {"code": "rate_limit_exceeded"},
    ),
    "concurrent": (
        denials.limit_reached("4 concurrent", None, NOW), 429, {"retry-after": "1"},
        {
            "code": "rate_limit_exceeded", "resets_at": None,
            "message": "This client key has reached its limit of 4 concurrent: try again when one of its requests "
                       "has ended.",
        },
    ),
    "scope": (denials.out_of_scope(), 400, {}, {"code": "no_accounts"}),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "headers", "error"), ANSWERS.values(), ids=ANSWERS.keys())
def test_every_denial_is_a_json_error(
    answer: Answer, status: int, headers: dict[str, str], error: dict[str, object]
) -> None:
    said = json.loads(answer.body)["error"]

    assert answer.status == status
    assert dict(answer.headers) == {"content-type": "application/json", **headers}
    assert {name: said[name] for name in error} == error
    assert {"type", "code", "message", "param"} <= said.keys()
    assert said["message"].endswith((".", ")"))
