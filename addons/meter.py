"""Reads what the upstream says of usage: rate-limit headers at once, tokens while the answer streams by untouched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from mitmproxy import http

from addons.core.front import BROKEN
from addons.core.held import is_event_stream
from addons.core.stream import SILENT
from addons.exchange import Answer, Exchange, Exchanges, Result
from addons.known_secrets import secrets_of
from addons.wire.errors import error_of_json
from addons.wire.rate_limits import windows_of_event, windows_of_headers
from addons.wire.redaction import code_without_quotes
from addons.wire.request_ids import request_id_of
from addons.wire.sse import Tap
from addons.wire.unary import Body
from addons.wire.usage import tokens_of_json
from codexlb_store.ledger import UNKNOWN, Outcome
from codexlb_store.pool import Pool
from codexlb_store.windows import Window, save_windows
from codexlb_store.writer import Writer

TURNED_AWAY = ("Request body exceeds", "Received ", BROKEN)
"""How refusals of a request begin that no step made: its size, a head or a body that two servers could read
differently."""

CLIENT_LEFT = ("Client disconnected.", "stream reset by client")
"""How mitmproxy's messages begin, the same in 11 and 12; any other error came from the upstream's side."""


def answer_of(response: http.Response, now: float) -> Answer:
    """Begin to read an answer, by its head."""
    tap = Tap() if response.status_code == 200 and is_event_stream(response) else Body()
    return Answer(response.status_code, request_id_of(response.headers.fields), now, tap)


def through(tap: Tap | Body) -> Callable[[bytes], list[bytes]]:
    """mitmproxy's stream callable: every piece passes as it came. Never b"" for nothing: that ends the body."""

    def passing(data: bytes) -> list[bytes]:
        if not data:
            return []
        tap.feed(data, time.time())
        return [data]

    return passing


def has_left(message: str | None) -> bool:
    """Whether an error means that the client went away."""
    return message is not None and message.startswith(CLIENT_LEFT)


def cut_code(message: str | None) -> str:
    """What the ledger calls an answer that broke off; mitmproxy's own sentences differ between versions."""
    return "idle_timeout" if message == SILENT else "stream_cut"


def result_of_stream(tap: Tap, status: int, error: str | None) -> Result:
    """How a stream of events ended; a terminal event says it, whatever the connection did afterwards."""
    tap.close()
    last = tap.terminal
    if last is None:
        outcome = Outcome.CANCELLED if has_left(error) else Outcome.FAILED
        reason = None if outcome is Outcome.CANCELLED else cut_code(error)
        return Result(outcome, status, UNKNOWN, None, None, None, reason, tap.first_output_at)
    outcome = {"completed": Outcome.COMPLETED, "incomplete": Outcome.INCOMPLETE}.get(last.type, Outcome.FAILED)
    return Result(
        outcome,
        status,
        last.tokens,
        last.model,
        last.tier,
        last.response_id,
        last.error_code,
        tap.first_output_at,
    )


def result_of_body(body: Body, status: int, error: str | None) -> Result:
    """How an answer of one body ended."""
    if status >= 400:
        reason = error_of_json(body.content).reason or f"http_{status}"
        return Result(Outcome.FAILED, status, UNKNOWN, None, None, None, reason, None)
    if error is not None:
        outcome = Outcome.CANCELLED if has_left(error) else Outcome.FAILED
        return Result(outcome, status, UNKNOWN, None, None, None, None if has_left(error) else cut_code(error), None)
    return Result(Outcome.COMPLETED, status, tokens_of_json(body.content), None, None, None, None, None)


def result_without_answer(exchange: Exchange, flow: http.HTTPFlow) -> Result:
    """How a request ended without an answer: the client left, the upstream failed, or it was refused here."""
    status = flow.response.status_code if flow.response else None
    message = flow.error.msg if flow.error else None
    never_left = exchange.sent_at is None and not exchange.diagnoses
    if message and never_left and message.startswith(TURNED_AWAY):
        return Result(Outcome.REFUSED, None, UNKNOWN, None, None, None, "bad_request", None)
    if message and (never_left or has_left(message)):  # before anything was sent only the client can break off
        return Result(Outcome.CANCELLED, None, UNKNOWN, None, None, None, None, None)
    reason = error_of_json(flow.response.content or b"").reason if flow.response else "transport"
    outcome = Outcome.REFUSED if never_left else Outcome.FAILED
    return Result(outcome, status, UNKNOWN, None, None, None, reason, None)


class Meter:
    """Writes the answer, the result and the account's windows."""

    def __init__(self, exchanges: Exchanges, pool: Pool, writer: Writer) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.writer = writer

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Stream the upstream's answer through, read beside."""
        exchange = self.exchanges.get(flow)
        if exchange is None or not exchange.in_the_air or exchange.lease is None or flow.response is None:
            return
        exchange.answer = answer_of(flow.response, time.time())
        flow.response.stream = through(exchange.answer.tap)
        headers = flow.response.headers.items(multi=True)
        self.note(windows_of_headers(exchange.lease.account_id, headers, time.time()))

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Say how it ended; mitmproxy may call both `error` and `response`."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.result is not None:
            return
        result = self.result(exchange, flow)
        if result.error:  # the upstream's word
            result = replace(result, error=code_without_quotes(result.error, secrets_of(self.pool, exchange)))
        exchange.result = result

    def result(self, exchange: Exchange, flow: http.HTTPFlow) -> Result:
        answer, error = exchange.answer, flow.error.msg if flow.error else None
        if answer is None:
            return result_without_answer(exchange, flow)
        if isinstance(answer.tap, Body):
            return result_of_body(answer.tap, answer.status, error)
        result = result_of_stream(answer.tap, answer.status, error)
        if exchange.lease and answer.tap.rate_limits:
            self.note(windows_of_event(exchange.lease.account_id, answer.tap.rate_limits, answer.tap.rate_limits_at))
        return result

    def note(self, windows: tuple[Window, ...]) -> None:
        """Fresh readings count at once, and after a restart."""
        if news := self.pool.note_windows(windows):
            self.writer.put(partial(save_windows, windows=news))
