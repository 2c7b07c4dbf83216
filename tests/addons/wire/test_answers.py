"""Local answers have the status, headers and fields that make a Codex client do the right thing."""

from __future__ import annotations

import json

import pytest

from addons.wire import answers
from addons.wire.answers import Answer
from addons.wire.routes import Refusal

NOW = 1_800_000_000.25


@pytest.mark.parametrize(
    ("answer", "status", "headers", "fields"),
    [
        pytest.param(
            answers.refused(Refusal(405, "method_not_allowed", "No.", ("GET", "POST"))),
            405,
            {"allow": "GET, POST"},
            {"code": "method_not_allowed", "message": "No.", "type": "invalid_request_error", "param": None},
            id="refusal of the router",
        ),
        pytest.param(answers.no_accounts(), 400, {}, {"code": "no_accounts"}, id="no accounts"),
        pytest.param(
            answers.usage_limit("pro", NOW + 90, NOW),
            429,
            {"retry-after": "90"},
            {
                "type": "usage_limit_reached",
                "code": "usage_limit_reached",
                "plan_type": "pro",
                "resets_at": 1_800_000_091,
                "resets_in_seconds": 90,
            },
            id="usage limit",
        ),
        pytest.param(
            answers.usage_limit(None, NOW - 5, NOW),
            429,
            {"retry-after": "1"},
            {"plan_type": None, "resets_in_seconds": 1},
            id="usage limit that just ended",
        ),
        pytest.param(
            answers.usage_limit("plus", None, NOW),
            429,
            {},
            {"type": "usage_limit_reached", "plan_type": "plus"},
            id="usage limit without an end",
        ),
        pytest.param(
            answers.not_writable(), 503, {"retry-after": "30"}, {"code": "store_unavailable"}, id="not writable"
        ),
        pytest.param(answers.not_routed(), 503, {}, {"code": "not_routed", "type": "server_error"}, id="not routed"),
        pytest.param(answers.busy(1.2), 503, {"retry-after": "2"}, {"code": "busy"}, id="busy"),
        pytest.param(answers.full(5), 503, {"retry-after": "5"}, {"code": "busy"}, id="full"),
        pytest.param(answers.broken_body("Odd.", 415), 415, {}, {"code": "invalid_body", "message": "Odd."}, id="body"),
        pytest.param(
            answers.usage_limit("plus", NOW + 90, NOW, (("x-codex-primary-used-percent", "100"),)),
            429,
            {"retry-after": "90", "x-codex-primary-used-percent": "100"},
            {"type": "usage_limit_reached", "plan_type": "plus"},
            id="usage limit with the windows of the account that is back first",
        ),
        pytest.param(
            answers.unreachable("Refused."),
            502,
            {},
            {"code": "upstream_unreachable", "message": "Refused.", "type": "server_error"},
            id="unreachable",
        ),
        pytest.param(answers.needs_login(), 400, {}, {"code": "no_accounts"}, id="needs login"),
        pytest.param(answers.paused(), 400, {}, {"code": "no_accounts"}, id="paused"),
    ],
)
def test_answers(answer: Answer, status: int, headers: dict[str, str], fields: dict[str, object]) -> None:
    error = json.loads(answer.body)["error"]

    assert answer.status == status
    assert dict(answer.headers) == {"content-type": "application/json", **headers}
    assert {name: error[name] for name in fields} == fields
    assert set(error) >= {"type", "code", "message", "param"}


def test_the_empty_pool_answer_names_the_command_that_fills_it() -> None:
    assert b"codexlb accounts login" in answers.no_accounts().body


@pytest.mark.parametrize("answer", [answers.needs_login(), answers.paused()], ids=["needs login", "paused"])
def test_an_idle_pool_answer_names_the_command_that_shows_it(answer: Answer) -> None:
    assert b"codexlb accounts list" in answer.body
