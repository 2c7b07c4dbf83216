"""What is read of an answer while it passes: how it ended, what it used, how full the account's windows are."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.flow import Error

from addons.core.stream import SILENT
from addons.exchange import Answer, Exchanges, Result
from addons.meter import (
    Meter,
    answer_of,
    result_of_body,
    result_of_stream,
    result_without_answer,
    through,
)
from addons.wire.sse import Tap
from addons.wire.unary import Body
from codexlb_store.ledger import UNKNOWN, Outcome, Tokens
from codexlb_store.writer import Writer
from tests.addons.proxy import COMPLETED
from tests.addons.samples import ACCOUNT, a_flow, a_pool, an_answered_exchange, an_answered_flow, an_exchange

SSE = (b"content-type", b"text/event-stream; charset=utf-8")
DELTA = b'data: {"type":"response.output_text.delta","delta":"hi"}\n\n'
SPENT = Tokens(100, 40, 20, 5)
CLIENT_LEFT = "Client disconnected."
HTTP_2_LEFT = "stream reset by client (CANCEL)"
RESET = "[Errno 104] Connection reset by peer"


def an_event(kind: str, **response: Any) -> bytes:
    return b"data: " + json.dumps({"type": f"response.{kind}", "response": response}).encode() + b"\n\n"


FAILED = an_event("failed", error={"code": "server_error", "message": "sorry"})
INCOMPLETE = an_event("incomplete", id="resp_1", incomplete_details={"reason": "max_output_tokens"})
ERROR = b'data: {"type":"error","error":{"type":"usage_limit_reached"}}\n\n'


@pytest.mark.parametrize(
    ("status", "headers", "reads", "request_id"),
    [
        pytest.param(200, [SSE, (b"x-request-id", b"req_1")], Tap, "req_1", id="stream"),
        pytest.param(200, [(b"Content-Type", b"Text/Event-Stream")], Tap, None, id="any case"),
        pytest.param(200, [SSE, (b"content-encoding", b"br")], Body, None, id="unreadable stream"),
        pytest.param(429, [SSE], Body, None, id="error dressed as a stream"),
        pytest.param(200, [(b"content-type", b"application/json")], Body, None, id="JSON"),
        pytest.param(204, [], Body, None, id="nothing"),
        pytest.param(200, [(b"cf-ray", b"r"), (b"x-oai-request-id", b"o")], Body, "o", id="second name"),
        pytest.param(200, [(b"x-request-id", b""), (b"cf-ray", b"r")], Body, "r", id="empty is none"),
    ],
)
def test_an_answer_is_read_as_its_head_says(
    status: int, headers: list[tuple[bytes, bytes]], reads: type[object], request_id: str | None
) -> None:
    response = an_answered_flow(status, *headers).response
    assert response

    answer = answer_of(response, 5.0)

    assert (answer.status, answer.upstream_request_id, answer.started_at) == (status, request_id, 5.0)
    assert type(answer.tap) is reads


@pytest.mark.parametrize("reader", [Tap, Body])
def test_every_piece_passes_as_it_came_and_the_end_adds_none(reader: type[Tap] | type[Body]) -> None:
    """An empty piece would be written as the end of the body."""
    pieces = [b"data", b": \xff\xfe", b"", b"\r", b"\n\n", DELTA, b""]

    passing = through(reader())

    assert [passing(piece) for piece in pieces] == [[piece] if piece else [] for piece in pieces]


def test_what_passes_is_read() -> None:
    tap = Tap()

    passing = through(tap)
    for piece in (DELTA[:20], DELTA[20:], COMPLETED):
        passing(piece)

    assert tap.terminal and tap.terminal.tokens == SPENT
    assert tap.first_output_at and tap.first_output_at <= time.time()


@pytest.mark.parametrize(
    ("events", "error", "expected"),
    [
        pytest.param(COMPLETED, None, (Outcome.COMPLETED, SPENT, None), id="completed"),
        pytest.param(COMPLETED[:-2], None, (Outcome.COMPLETED, SPENT, None), id="last blank line missing"),
        pytest.param(INCOMPLETE, None, (Outcome.INCOMPLETE, UNKNOWN, "max_output_tokens"), id="incomplete"),
        pytest.param(FAILED, None, (Outcome.FAILED, UNKNOWN, "server_error"), id="failed"),
        pytest.param(ERROR, None, (Outcome.FAILED, UNKNOWN, "usage_limit_reached"), id="error event"),
        # the terminal event has said it: what the connection does then changes nothing
        pytest.param(COMPLETED, CLIENT_LEFT, (Outcome.COMPLETED, SPENT, None), id="left after the end"),
        pytest.param(COMPLETED, RESET, (Outcome.COMPLETED, SPENT, None), id="reset after the end"),
        pytest.param(FAILED, CLIENT_LEFT, (Outcome.FAILED, UNKNOWN, "server_error"), id="left after a failure"),
        pytest.param(DELTA, CLIENT_LEFT, (Outcome.CANCELLED, UNKNOWN, None), id="client left"),
        pytest.param(b"", CLIENT_LEFT, (Outcome.CANCELLED, UNKNOWN, None), id="client left before any event"),
        pytest.param(DELTA, RESET, (Outcome.FAILED, UNKNOWN, "stream_cut"), id="upstream reset"),
        pytest.param(DELTA, HTTP_2_LEFT, (Outcome.CANCELLED, UNKNOWN, None), id="client left, HTTP/2"),
        pytest.param(DELTA, SILENT, (Outcome.FAILED, UNKNOWN, "idle_timeout"), id="upstream fell silent"),
        pytest.param(DELTA, None, (Outcome.FAILED, UNKNOWN, "stream_cut"), id="ends too early"),
        pytest.param(b"", None, (Outcome.FAILED, UNKNOWN, "stream_cut"), id="empty"),
    ],
)
def test_how_a_stream_ended(events: bytes, error: str | None, expected: tuple[Outcome, Tokens, str | None]) -> None:
    tap = Tap()
    tap.feed(events, 5.0)

    result = result_of_stream(tap, 200, error)

    assert (result.outcome, result.tokens, result.error) == expected
    assert result.status == 200


def test_a_stream_tells_response_model_tier_and_when_its_output_began() -> None:
    tap = Tap()
    tap.feed(DELTA, 5.0)
    tap.feed(an_event("completed", id="resp_1", model="gpt-5.5-1120", service_tier="flex"), 9.0)

    result = result_of_stream(tap, 200, None)

    assert (result.response_id, result.model, result.tier) == ("resp_1", "gpt-5.5-1120", "flex")
    assert result.first_output_at == 5.0


USED = b'{"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":40},"output_tokens":20,' \
       b'"output_tokens_details":{"reasoning_tokens":5}}}'  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "error", "expected"),
    [
        pytest.param(USED, 200, None, (Outcome.COMPLETED, SPENT, None), id="usage"),
        pytest.param(b"{}", 200, None, (Outcome.COMPLETED, UNKNOWN, None), id="no usage"),
        pytest.param(b"", 304, None, (Outcome.COMPLETED, UNKNOWN, None), id="not modified"),
        pytest.param(b'{"error":{"code":"c"}}', 400, None, (Outcome.FAILED, UNKNOWN, "c"), id="error"),
        pytest.param(b'{"error":{"type":"t"}}', 429, None, (Outcome.FAILED, UNKNOWN, "t"), id="type only"),
        pytest.param(b"<html>", 503, None, (Outcome.FAILED, UNKNOWN, "http_503"), id="error page"),
        pytest.param(USED[:30], 200, CLIENT_LEFT, (Outcome.CANCELLED, UNKNOWN, None), id="client left"),
        pytest.param(USED[:30], 200, RESET, (Outcome.FAILED, UNKNOWN, "stream_cut"), id="upstream reset"),
        pytest.param(USED[:30], 200, HTTP_2_LEFT, (Outcome.CANCELLED, UNKNOWN, None), id="client left, HTTP/2"),
        pytest.param(USED[:30], 200, SILENT, (Outcome.FAILED, UNKNOWN, "idle_timeout"), id="upstream fell silent"),
        pytest.param(b"", 500, RESET, (Outcome.FAILED, UNKNOWN, "http_500"), id="error, then reset"),
    ],
)
def test_how_one_body_ended(
    body: bytes, status: int, error: str | None, expected: tuple[Outcome, Tokens, str | None]
) -> None:
    reader = Body()
    reader.feed(body, 5.0)

    result = result_of_body(reader, status, error)

    assert (result.outcome, result.tokens, result.error) == expected
    assert (result.status, result.first_output_at) == (status, None)


def local(status: int, body: bytes = b"") -> http.Response:
    response = an_answered_flow(status, body=body).response
    assert response
    return response


@pytest.mark.parametrize(
    ("sent_at", "response", "error", "expected"),
    [
        pytest.param(None, None, CLIENT_LEFT, (Outcome.CANCELLED, None, None), id="left before it was sent"),
        pytest.param(1.0, None, CLIENT_LEFT, (Outcome.CANCELLED, None, None), id="left before the head"),
        pytest.param(None, local(503), CLIENT_LEFT, (Outcome.CANCELLED, None, None), id="left while refused"),
        pytest.param(None, None, RESET, (Outcome.CANCELLED, None, None), id="broke off before it was sent"),
        pytest.param(1.0, None, RESET, (Outcome.FAILED, None, "transport"), id="no head"),
        pytest.param(1.0, None, None, (Outcome.FAILED, None, "transport"), id="no head, nothing said"),
        pytest.param(None, local(400, b'{"error":{"code":"no_accounts"}}'), None,
                     (Outcome.REFUSED, 400, "no_accounts"), id="refused"),
        pytest.param(None, local(503), None, (Outcome.REFUSED, 503, None), id="refused without a reason"),
    ],
)  # fmt: skip
def test_how_a_request_ended_that_had_no_answer(
    sent_at: float | None, response: http.Response | None, error: str | None, expected: tuple[Outcome, int, str]
) -> None:
    flow = a_flow()
    flow.response, flow.error = response, Error(error) if error else None

    result = result_without_answer(an_exchange(sent_at=sent_at), flow)

    assert (result.outcome, result.status, result.error) == expected
    assert result.tokens == UNKNOWN


@pytest.mark.parametrize("error", ["Request body exceeds mitmproxy's body_size_limit.", "Received invalid header"])
def test_a_request_that_mitmproxy_itself_turns_away_is_refused(error: str) -> None:
    """It answers 413 or 400 then, and tells of it as an error of the flow."""
    flow = a_flow()
    flow.error = Error(error)

    assert result_without_answer(an_exchange(sent_at=None), flow).outcome is Outcome.REFUSED


LIMITS = ((b"x-codex-primary-used-percent", b"42"), (b"x-codex-primary-window-minutes", b"300"))


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    """Not started: its backlog is what was put."""
    return Writer(tmp_path)


def test_an_answers_limits_count_at_once(writer: Writer) -> None:
    pool, flow = a_pool(ACCOUNT), an_answered_flow(200, SSE, *LIMITS)
    exchange = an_answered_exchange(answer=None)
    meter = Meter(Exchanges({flow: exchange}), pool, writer)

    meter.responseheaders(flow)
    meter.responseheaders(flow)

    assert flow.response and callable(flow.response.stream)
    assert exchange.answer and exchange.answer.status == 200
    assert [(w.minutes, w.used_percent) for w in pool.windows["a"]] == [(300, 42.0)]
    assert writer.backlog == 1


@pytest.mark.parametrize("missing", [{"in_the_air": False}, {"lease": None}], ids=["not in the air", "no lease"])
def test_an_answer_made_here_is_not_metered(writer: Writer, missing: dict[str, Any]) -> None:
    flow = an_answered_flow(503, *LIMITS)
    exchange = an_answered_exchange(answer=None, **missing)
    pool = a_pool(ACCOUNT)

    Meter(Exchanges({flow: exchange}), pool, writer).responseheaders(flow)

    assert (exchange.answer, pool.windows["a"], writer.backlog) == (None, (), 0)
    assert flow.response and not flow.response.stream


def test_a_request_has_one_result_however_often_it_ends(writer: Writer) -> None:
    """mitmproxy calls both `error` and `response` when a client leaves at the end."""
    flow, exchange = an_answered_flow(), an_answered_exchange()
    meter = Meter(Exchanges({flow: exchange}), a_pool(ACCOUNT), writer)

    meter.response(flow)
    first: Result | None = exchange.result
    flow.error = Error(CLIENT_LEFT)
    meter.error(flow)

    assert first and exchange.result is first
    assert first.outcome is Outcome.COMPLETED


def test_limits_told_in_the_stream_count_when_it_ends(writer: Writer) -> None:
    tap, pool, flow = Tap(), a_pool(ACCOUNT), an_answered_flow()
    tap.feed(rate_limits(60), 5.0)
    exchange = an_answered_exchange(answer=Answer(200, None, 5.0, tap))

    Meter(Exchanges({flow: exchange}), pool, writer).response(flow)

    assert [(w.minutes, w.used_percent) for w in pool.windows["a"]] == [(300, 60.0)]


def test_a_reading_told_early_in_a_long_stream_does_not_undo_a_newer_one(writer: Writer) -> None:
    tap, pool, flow = Tap(), a_pool(ACCOUNT), an_answered_flow()
    meter = Meter(Exchanges({flow: an_answered_exchange(answer=Answer(200, None, 5.0, tap))}), pool, writer)
    tap.feed(rate_limits(10), 5.0)
    other = an_answered_flow(200, *LIMITS)
    meter.exchanges[other] = an_answered_exchange(answer=None)

    meter.responseheaders(other)
    meter.response(flow)

    assert [w.used_percent for w in pool.windows["a"]] == [42.0]


def rate_limits(percent: int) -> bytes:
    limits = {"primary": {"used_percent": percent, "window_minutes": 300}}
    return b"data: " + json.dumps({"type": "codex.rate_limits", "rate_limits": limits}).encode() + b"\n\n"
