"""What the upstream's answers mean for whoever asks about an account, and the headers it is asked with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from addons.upkeep.calls import Reply
from addons.upkeep.visit import PageProblem, headers_of, problem_of
from codexlb_store.credentials import Credential

CREDENTIAL = Credential("a", "workspace", "access", "refresh", None, None, 1, fedramp=False)
OWN = {"authorization": "Bearer access", "chatgpt-account-id": "workspace"}


@pytest.mark.parametrize(
    ("credential", "expected"),
    [
        (CREDENTIAL, OWN),
        (replace(CREDENTIAL, routing_override="us_cr"), {**OWN, "x-openai-account-routing-override": "us_cr"}),
        (replace(CREDENTIAL, fedramp=True), {**OWN, "x-openai-fedramp": "true"}),
    ],
    ids=["ordinary", "of a workspace with a routing override", "FedRAMP"],
)
def test_requests_are_the_accounts(credential: Credential, expected: dict[str, str]) -> None:
    assert headers_of(credential) == expected


def error(code: str, message: str = "") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(200, b"", None, id="a page"),
        pytest.param(401, error("token_expired"), PageProblem("token_expired"), id="expired"),
        pytest.param(401, b"", PageProblem("http_401"), id="no word"),
        pytest.param(403, b"<html>Just a moment...</html>", PageProblem("http_403"), id="challenge"),
        pytest.param(429, error("rate_limit_exceeded"), PageProblem("rate_limit_exceeded"), id="burst"),
        pytest.param(500, error("what is\nthis"), PageProblem("http_500"), id="a code that is no name"),
        pytest.param(302, b"", PageProblem("http_302"), id="redirect"),
        # the account is deactivated: by its code, or by a sentence
        pytest.param(
            401, error("account_deactivated"), PageProblem("account_deactivated", is_deactivated=True), id="401"
        ),
        pytest.param(
            402, b'{"detail":{"code":"deactivated_workspace"}}',
            PageProblem("deactivated_workspace", is_deactivated=True), id="402",
        ),
        pytest.param(
            403, b'{"detail":"Your account has been deactivated."}',
            PageProblem("http_403", is_deactivated=True), id="403",
        ),
        pytest.param(404, error("account_deleted"), PageProblem("account_deleted", is_deactivated=True), id="404"),
        pytest.param(500, error("account_deactivated"), PageProblem("account_deactivated"), id="not with a 500"),
        pytest.param(402, b'{"detail":"Pay first."}', PageProblem("http_402"), id="402 for another reason"),
        pytest.param(404, b'{"detail":"Not Found"}', PageProblem("http_404"), id="404 for another reason"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_answer(status: int, body: bytes, expected: PageProblem | None) -> None:
    assert problem_of(Reply(status, body)) == expected
