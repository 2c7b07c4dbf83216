"""Every way in which an attempt fails has one name, whatever shape the upstream gave it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from addons.wire.errors import UpstreamError, error_of_json
from addons.wire.failures import Break, Diagnosis, Evidence, Failure, diagnose
from addons.wire.rate_limits import windows_of_headers
from codexlb_store.windows import Window
from tests.captures import UpstreamAnswer, upstream_answers, upstream_failures

NOW = 1_795_360_000.0  # 85000 s before the reset in the captured answers
CAPTURED_RESET = 1_795_445_000.0
HTML = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"


def window(minutes: int, used_percent: float, resets_at: float | None = NOW + 600) -> Window:
    return Window("a", minutes, used_percent, resets_at, NOW)


def status(
    code: int, body: bytes | dict[str, Any] = b"", headers: Mapping[str, str] | None = None, *windows: Window
) -> Evidence:
    """An answer with this status; a dict is its `error` object."""
    content = body if isinstance(body, bytes) else json.dumps({"error": body}).encode()
    return Evidence(Break.STATUS, code, headers or {}, content, None, windows)


def event(error: UpstreamError | None, *windows: Window, headers: Mapping[str, str] | None = None) -> Evidence:
    """A stream that began with this failure, or with none: then it ended before it said anything."""
    return Evidence(Break.STREAM, 200, headers or {}, b"", error, windows)


def broken(how: Break, status: int | None = None, error: UpstreamError | None = None, body: bytes = b"") -> Evidence:
    return Evidence(how, status, {}, body, error, ())


FULL_5H, ROOM_5H = window(300, 100), window(300, 41)
FULL_WEEK, ROOM_WEEK = window(10080, 100, NOW + 86400), window(10080, 99.5, NOW + 86400)
LIMIT = {"type": "usage_limit_reached", "message": "m", "resets_at": NOW + 600}


# What the real client was tried with.
CAPTURED_ANSWERS = {
    "200_json": Failure.SERVER_ERROR,
    "307": Failure.BLOCKED,
    "400": Failure.REQUEST,
    "400_context_length": Failure.REQUEST,
    "400_detail": Failure.MODEL_UNAVAILABLE,
    "400_encrypted_content": Failure.FOREIGN_CONTENT,
    "401": Failure.UNAUTHORIZED,
    "401_detail": Failure.UNAUTHORIZED,
    "401_ra": Failure.UNAUTHORIZED,
    "402": Failure.DEACTIVATED,
    "403": Failure.BLOCKED,
    "403_html": Failure.BLOCKED,
    "404_model": Failure.MODEL_UNAVAILABLE,
    "404_plain": Failure.REQUEST,
    "408": Failure.OVERLOADED,
    "409": Failure.REQUEST,
    "413": Failure.REQUEST,
    "429_plain": Failure.RATE_LIMITED,
    "429_quota": Failure.OUT_OF_QUOTA,
    "429_ra_40": Failure.RATE_LIMITED,
    "429_ra_900": Failure.RATE_LIMITED,
    "429_ra_date": Failure.RATE_LIMITED,
    "429_ra_ms": Failure.RATE_LIMITED,
    "429_rate_limit": Failure.RATE_LIMITED,
    "429_rate_limit_ra": Failure.RATE_LIMITED,
    "429_usage": Failure.WINDOW_FULL,
    "429_usage_code_only": Failure.WINDOW_FULL,
    "429_usage_headers": Failure.WINDOW_FULL,
    "429_usage_nofields": Failure.WINDOW_FULL,
    "429_usage_not_included": Failure.OUT_OF_QUOTA,
    "429_usage_ra": Failure.WINDOW_FULL,
    "500": Failure.SERVER_ERROR,
    "500_text": Failure.SERVER_ERROR,
    "502": Failure.OVERLOADED,
    "503": Failure.OVERLOADED,
    "503_overloaded": Failure.OVERLOADED,
    "503_overloaded_ra": Failure.OVERLOADED,
    "503_ra": Failure.OVERLOADED,
    "503_ra0": Failure.OVERLOADED,
    "503_ra_120": Failure.OVERLOADED,
    "503_ra_40": Failure.OVERLOADED,
    "503_slow": Failure.OVERLOADED,
    "503_text": Failure.OVERLOADED,
    "504": Failure.OVERLOADED,
    "529": Failure.OVERLOADED,
}
CAPTURED_EVENTS = {
    "context_length_exceeded": Failure.REQUEST,
    "cyber_policy": Failure.REQUEST,
    "insufficient_quota": Failure.OUT_OF_QUOTA,
    "invalid_encrypted_content": Failure.FOREIGN_CONTENT,
    "invalid_prompt": Failure.REQUEST,
    "previous_response_not_found": Failure.REQUEST,
    "rate_limit_exceeded": Failure.RATE_LIMITED,
    "server_error": Failure.SERVER_ERROR,
    "server_is_overloaded": Failure.OVERLOADED,
    "slow_down": Failure.RATE_LIMITED,
    "something_else": Failure.SERVER_ERROR,
    "sse_error": Failure.RATE_LIMITED,
    "sse_error_nested": Failure.WINDOW_FULL,
    "usage_limit_reached": Failure.WINDOW_FULL,
    "usage_not_included": Failure.OUT_OF_QUOTA,
    "websocket_connection_limit_reached": Failure.SERVER_ERROR,
}


@pytest.mark.parametrize("answer", upstream_answers(), ids=lambda answer: answer.name)
def test_captured_answers(answer: UpstreamAnswer) -> None:
    headers = {name.lower(): value for name, value in answer.headers}

    diagnosis = diagnose(status(answer.status, answer.body, headers), NOW)

    assert diagnosis.failure is CAPTURED_ANSWERS[answer.name]


@pytest.mark.parametrize("name", upstream_failures())
def test_captured_events(name: str) -> None:
    payload = upstream_failures()[name]
    error = error_of_json(json.dumps(payload.get("response") or payload).encode())

    assert diagnose(event(error), NOW).failure is CAPTURED_EVENTS[name]


@pytest.mark.parametrize(
    ("evidence", "failure", "code"),
    [
        # The connection.
        pytest.param(broken(Break.CONNECT), Failure.UNREACHABLE, "connect", id="refused"),
        pytest.param(broken(Break.TRANSPORT), Failure.UNREACHABLE, "transport", id="no head"),
        pytest.param(broken(Break.TIMEOUT), Failure.UNREACHABLE, "timeout", id="no head in time"),
        pytest.param(broken(Break.TRANSPORT, 503), Failure.OVERLOADED, "transport", id="cut after the head of a 503"),
        pytest.param(broken(Break.TRANSPORT, 200), Failure.SERVER_ERROR, "transport", id="cut after the head"),
        pytest.param(broken(Break.TIMEOUT, 200), Failure.SERVER_ERROR, "timeout", id="head, then nothing"),
        pytest.param(broken(Break.CREDENTIAL), Failure.UNAUTHORIZED, "credential", id="no credential"),
        pytest.param(
            broken(Break.CREDENTIAL, 400, UpstreamError("refresh_token_reused")),
            Failure.UNAUTHORIZED,
            "refresh_token_reused",
            id="no credential, and why",
        ),
        # The account: its login and its standing.
        pytest.param(status(401), Failure.UNAUTHORIZED, "http_401", id="401 empty"),
        pytest.param(status(401, HTML), Failure.UNAUTHORIZED, "http_401", id="401 HTML"),
        pytest.param(
            status(401, {"code": "account_deactivated"}),
            Failure.DEACTIVATED,
            "account_deactivated",
            id="401 of the dead",
        ),
        pytest.param(
            status(403, {"code": "account_suspended"}), Failure.DEACTIVATED, "account_suspended", id="suspended"
        ),
        pytest.param(
            status(403, {"message": "Your account has been deactivated."}),
            Failure.DEACTIVATED,
            "http_403",
            id="deactivated in words",
        ),
        pytest.param(
            status(403, b'{"detail":"This workspace was disabled by its owner."}'),
            Failure.DEACTIVATED,
            "http_403",
            id="workspace disabled in words",
        ),
        pytest.param(
            status(402, b'{"detail":{"code":"deactivated_workspace","message":"Your account has been de'),
            Failure.DEACTIVATED,
            "http_402",
            id="402 cut",
        ),
        pytest.param(status(402), Failure.OUT_OF_QUOTA, "http_402", id="402 unexplained: somebody has to pay"),
        pytest.param(status(403), Failure.BLOCKED, "http_403", id="403 empty"),
        pytest.param(status(403, b'{"detail":"Forbidden"}'), Failure.BLOCKED, "http_403", id="403 unexplained"),
        pytest.param(
            status(403, b"<html>the account was suspended</html>"),
            Failure.BLOCKED,
            "http_403",
            id="a page's words do not count",
        ),
        pytest.param(
            status(400, b"odd", {"content-type": "text/html; charset=UTF-8"}),
            Failure.BLOCKED,
            "http_400",
            id="400 page",
        ),
        pytest.param(status(404, b"\n\n" + HTML), Failure.BLOCKED, "http_404", id="404 page"),
        pytest.param(status(200, HTML), Failure.BLOCKED, "http_200", id="200 page"),
        pytest.param(status(302), Failure.BLOCKED, "http_302", id="sent elsewhere"),
        # The account: what it may use.
        pytest.param(
            status(403, {"code": "quota_exceeded"}), Failure.OUT_OF_QUOTA, "quota_exceeded", id="quota in a 403"
        ),
        pytest.param(
            status(400, {"code": "billing_hard_limit_reached"}),
            Failure.OUT_OF_QUOTA,
            "billing_hard_limit_reached",
            id="billing limit in a 400",
        ),
        pytest.param(
            status(429, {"type": "usage_not_included", "code": ""}, None, FULL_5H),
            Failure.OUT_OF_QUOTA,
            "usage_not_included",
            id="a full window is not the reason",
        ),
        pytest.param(
            status(403, {"code": "model_not_found"}), Failure.MODEL_UNAVAILABLE, "model_not_found", id="model in a 403"
        ),
        pytest.param(
            status(404, {"message": "The model `gpt-5.5` does not exist or you do not have access to it."}),
            Failure.MODEL_UNAVAILABLE,
            "http_404",
            id="model in words",
        ),
        pytest.param(
            event(UpstreamError(message="The 'x' model is not supported when using Codex with a ChatGPT account.")),
            Failure.MODEL_UNAVAILABLE,
            "stream",
            id="model in the words of an event",
        ),
        pytest.param(
            status(400, b'{"error":{"message":"The encrypted content gAAA...Q== could not be verified. Rea'),
            Failure.FOREIGN_CONTENT,
            "http_400",
            id="encrypted content, cut",
        ),
        pytest.param(
            event(UpstreamError(None, "invalid_request_error", "Encrypted content organization_id did not match ...")),
            Failure.FOREIGN_CONTENT,
            "invalid_request_error",
            id="encrypted content in the words of an event",
        ),
        # The upstream.
        pytest.param(event(None), Failure.SERVER_ERROR, "stream", id="nothing but a head"),
        pytest.param(status(500, HTML), Failure.SERVER_ERROR, "http_500", id="500 page"),
        pytest.param(status(501), Failure.SERVER_ERROR, "http_501", id="501"),
        pytest.param(status(520, HTML), Failure.OVERLOADED, "http_520", id="Cloudflare's first"),
        pytest.param(status(529), Failure.OVERLOADED, "http_529", id="Cloudflare's last"),
        pytest.param(status(425), Failure.OVERLOADED, "http_425", id="too early"),
        pytest.param(
            status(503, {"type": "server_error", "code": "busy"}), Failure.OVERLOADED, "busy", id="503 server_error"
        ),
        pytest.param(status(503, HTML), Failure.OVERLOADED, "http_503", id="503 page"),
        pytest.param(
            status(503, {"code": "rate_limit_exceeded"}, None, FULL_5H),
            Failure.OVERLOADED,
            "rate_limit_exceeded",
            id="503 is nobody's limit",
        ),
        pytest.param(
            status(429, {"code": "server_is_overloaded"}), Failure.OVERLOADED, "server_is_overloaded", id="429 overload"
        ),
        pytest.param(
            event(UpstreamError(message="Selected model is at capacity. Please try a different model.")),
            Failure.OVERLOADED,
            "stream",
            id="at capacity, in words",
        ),
        # The request.
        *(
            pytest.param(status(code, b"{}"), Failure.REQUEST, f"http_{code}", id=str(code))
            for code in (400, 404, 405, 409, 413, 415, 418, 422, 431)
        ),
        pytest.param(status(413, HTML), Failure.REQUEST, "http_413", id="413 page: still the request's size"),
        pytest.param(status(403, {"code": "cyber_policy"}), Failure.REQUEST, "cyber_policy", id="policy in a 403"),
        pytest.param(
            status(400, {"code": "x", "message": "the account was deactivated, at capacity"}),
            Failure.REQUEST,
            "x",
            id="words with a status that does not fit",
        ),
        pytest.param(
            event(UpstreamError("unsupported_parameter", "invalid_request_error")),
            Failure.REQUEST,
            "unsupported_parameter",
            id="an event that blames the request",
        ),
        pytest.param(event(UpstreamError("content_filter")), Failure.REQUEST, "content_filter", id="content filter"),
        # Bodies of no shape.
        pytest.param(status(400, b"\xff\xfe\x00"), Failure.REQUEST, "http_400", id="not UTF-8"),
        pytest.param(status(400, b"[" * 100_000), Failure.REQUEST, "http_400", id="deep"),
        pytest.param(status(400, b'"text"'), Failure.REQUEST, "http_400", id="JSON text"),
        pytest.param(status(400, {"code": 7, "type": [], "message": {}}), Failure.REQUEST, "http_400", id="odd types"),
    ],
)
def test_diagnose(evidence: Evidence, failure: Failure, code: str) -> None:
    diagnosis = diagnose(evidence, NOW)

    assert (diagnosis.failure, diagnosis.code) == (failure, code)
    assert diagnosis.window_minutes is diagnosis.resets_at is None


def full(minutes: int | None, resets_at: float | None) -> tuple[Failure, int | None, float | None]:
    return Failure.WINDOW_FULL, minutes, resets_at


BURST = (Failure.RATE_LIMITED, None, None)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        # Which window the error means.
        pytest.param(status(429, LIMIT, None, FULL_5H, ROOM_WEEK), full(300, NOW + 600), id="the full one"),
        pytest.param(status(429, LIMIT), full(300, NOW + 600), id="by distance"),
        pytest.param(
            status(429, {**LIMIT, "resets_at": NOW + 86400}, None, FULL_5H, FULL_WEEK),
            full(10080, NOW + 86400),
            id="two are full: the one that resets then",
        ),
        pytest.param(
            status(429, {**LIMIT, "resets_at": NOW + 90}, None, window(10080, 99, NOW + 91)),
            full(10080, NOW + 90),
            id="a week that ends soon",
        ),
        pytest.param(
            status(429, {**LIMIT, "resets_at": NOW + 600}, None, window(300, 100, NOW - 5), ROOM_WEEK),
            full(300, NOW + 600),
            id="a reading from before the reset",
        ),
        pytest.param(
            status(429, LIMIT, None, window(10080, 100, None)), full(10080, NOW + 600), id="full, its reset unknown"
        ),
        pytest.param(event(UpstreamError("usage_limit_reached"), FULL_5H), full(300, NOW + 600), id="event"),
        pytest.param(
            event(UpstreamError("rate_limit_exceeded", resets_at=NOW + 600)),
            full(300, NOW + 600),
            id="event with reset",
        ),
        # A limit by its readings.
        pytest.param(status(429, b"", None, FULL_5H, ROOM_WEEK), full(300, NOW + 600), id="a full window, no body"),
        pytest.param(
            status(429, {"code": "rate_limit_exceeded"}, None, FULL_5H, FULL_WEEK),
            full(10080, NOW + 86400),
            id="two are full: the later reset",
        ),
        pytest.param(status(429, HTML, None, FULL_5H), full(300, NOW + 600), id="page, full window"),
        pytest.param(
            status(429, {"type": "usage_limit_reached"}, None, window(300, 100, None)), full(300, None), id="no reset"
        ),
        pytest.param(status(429, {"code": "usage_limit_reached"}), full(None, None), id="nothing known"),
        # A burst.
        pytest.param(status(429), BURST, id="empty"),
        pytest.param(status(429, HTML), BURST, id="page"),
        pytest.param(
            status(429, {"message": "Too many requests"}, None, ROOM_5H, ROOM_WEEK), BURST, id="no code, room"
        ),
        pytest.param(status(429, {"code": "slow_down"}, None, ROOM_5H), BURST, id="slow down, room"),
        pytest.param(
            status(429, {"type": "usage_limit_reached"}, None, ROOM_5H, ROOM_WEEK),
            BURST,
            id="a limit, but all have room",
        ),
        pytest.param(
            event(UpstreamError("rate_limit_exceeded"), window(300, 100, NOW - 1)), BURST, id="full until a moment ago"
        ),
        # Resets that cannot be.
        pytest.param(
            status(429, {**LIMIT, "resets_at": NOW - 5, "resets_in_seconds": 60}),
            full(300, NOW + 60),
            id="reset in the past, but the seconds are known",
        ),
        pytest.param(status(429, {**LIMIT, "resets_at": NOW}), full(None, None), id="reset now"),
        pytest.param(status(429, {**LIMIT, "resets_at": 10**12}), full(None, None), id="reset in milliseconds"),
        pytest.param(
            status(429, {**LIMIT, "resets_at": -1, "resets_in_seconds": -60}), full(None, None), id="negative"
        ),
        pytest.param(
            event(UpstreamError("usage_limit_reached", resets_at=float("nan"), resets_in_seconds=float("nan"))),
            full(None, None),
            id="not a number",
        ),
        pytest.param(
            status(429, {**LIMIT, "resets_at": 10**12}, None, FULL_WEEK),
            full(10080, NOW + 86400),
            id="the reading helps",
        ),
    ],
)
def test_a_full_window_is_told_from_a_burst(
    evidence: Evidence, expected: tuple[Failure, int | None, float | None]
) -> None:
    diagnosis = diagnose(evidence, NOW)

    assert (diagnosis.failure, diagnosis.window_minutes, diagnosis.resets_at) == expected


def test_a_diagnosis_says_all_that_is_known() -> None:
    body = {"code": "rate_limit_exceeded", "message": "Please try again in 1.5s."}

    assert diagnose(status(429, body, {"retry-after": "40"}), NOW) == Diagnosis(
        Failure.RATE_LIMITED, "rate_limit_exceeded", "Please try again in 1.5s.", None, None, 40.0
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"bad gateway\n", "bad gateway", id="text"),
        pytest.param(HTML, None, id="page"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"x" * 5000, "x" * 1000, id="long text"),
        pytest.param(json.dumps({"detail": "y" * 5000}).encode(), "y" * 1000, id="long sentence"),
        pytest.param("zu spät".encode()[:-2], "zu sp", id="cut in the middle of a character"),
    ],
)
def test_the_message_is_a_sentence_of_bounded_length(body: bytes, message: str | None) -> None:
    assert diagnose(status(502, body), NOW).message == message


def test_an_event_waits_as_its_sentence_says() -> None:
    error = UpstreamError("slow_down", message="Please try again in 20ms.")

    assert diagnose(event(error), NOW).wait_seconds == pytest.approx(0.02)


def test_a_reset_that_has_passed_no_longer_speaks_of_a_full_window() -> None:
    evidence = status(429, LIMIT, None, FULL_5H)

    assert diagnose(evidence, NOW).failure is Failure.WINDOW_FULL
    assert diagnose(evidence, NOW + 601).failure is Failure.RATE_LIMITED


def test_the_captured_limit_names_its_window_in_its_headers() -> None:
    answer = next(answer for answer in upstream_answers() if answer.name == "429_usage_headers")
    windows = windows_of_headers("a", answer.headers, NOW)

    diagnosis = diagnose(status(429, answer.body, dict(answer.headers), *windows), NOW)

    assert diagnosis == Diagnosis(
        Failure.WINDOW_FULL, "usage_limit_reached", "The usage limit has been reached", CAPTURED_RESET, 300, None
    )
