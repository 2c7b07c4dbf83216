"""The answers that browsers get."""

from __future__ import annotations

import json

import pytest

from addons.wire import page_answers
from addons.wire.answers import Answer

ANSWERS = {
    "page": page_answers.page(b"<p>"),
    "redirection": page_answers.redirection("/dashboard"),
    "document": page_answers.document(b"{}"),
    "event": page_answers.event(b""),
    "login needed": page_answers.login_needed(),
    "here only": page_answers.here_only(),
    "foreign form": page_answers.foreign_form(),
    "no page": page_answers.no_page(),
    "bad parameter": page_answers.bad_parameter("A sentence."),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_whatever_a_browser_gets_is_guarded_and_kept_nowhere(answer: Answer) -> None:
    headers = dict(answer.headers)

    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (page_answers.login_needed(), 401, "login_required"),
        (page_answers.here_only(), 403, "no_dashboard_password"),
        (page_answers.foreign_form(), 403, "cross_site"),
        (page_answers.no_page(), 404, "not_found"),
        (page_answers.bad_parameter("What is wrong."), 400, "invalid_parameter"),
        (page_answers.not_now("What is wrong."), 503, "busy"),
    ],
    ids=["login", "here only", "form", "no page", "parameter", "not now"],
)
def test_what_is_wrong_is_told_in_the_shape_that_openai_clients_read(answer: Answer, status: int, code: str) -> None:
    error = json.loads(answer.body)["error"]

    assert (answer.status, error["code"]) == (status, code)
    assert error["message"].endswith(".")


@pytest.mark.parametrize(
    ("known", "status"),
    [(None, 200), ('"a"', 200), ('"b"', 304), ('"a", "b"', 304), ("*", 200)],
    ids=["first", "another", "the same", "one of two", "any"],
)
def test_a_file_that_a_browser_has_is_not_sent_again(known: str | None, status: int) -> None:
    answer = page_answers.asset(b"body {}", "text/css", '"b"', known)

    assert (answer.status, answer.body) == (status, b"" if status == 304 else b"body {}")
    assert dict(answer.headers)["etag"] == '"b"'


@pytest.mark.parametrize("is_https", [False, True], ids=["http", "https"])
def test_the_cookie_is_for_this_site_alone_and_no_script_sees_it(is_https: bool) -> None:
    said = page_answers.session_cookie("s", "token", 60, is_https).decode().split("; ")

    assert said[:5] == ["s=token", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=60"]
    assert said[5:] == (["Secure"] if is_https else [])
