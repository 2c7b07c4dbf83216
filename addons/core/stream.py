"""One request and its attempts: sent again elsewhere for as long as nobody has seen an answer.

begin -> dial -> send -> wait for the head -> hold -> commit          (from here mitmproxy's own state machine)
           \\__________________\\______________\\__ ask -> send again, or answer
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import monotonic
from typing import Any

from mitmproxy import http
from mitmproxy.connection import Connection
from mitmproxy.net.http.validate import validate_headers
from mitmproxy.proxy import layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as core

from addons.core.attempt import Attempt, UpstreamAttemptFailedHook
from addons.core.held import Held, Judgement, must_be_held
from addons.core.joining import Commands
from addons.core.passing import head_for_client
from addons.core.versions import cancelled, upstream_failed
from addons.core.wire_stream import Ids, Wire, WireStream
from addons.wire.failures import Break

SILENT = "The upstream fell silent."
"""Why an answer was cut off here and not by the upstream."""


def is_final(response: http.Response) -> bool:
    """Whether a head is an answer at all: not an interim one, which mitmproxy's HTTP/1 takes for the whole, nor a
    head that two readers could take for different answers."""
    try:
        validate_headers(response)
    except ValueError:
        return False
    return response.status_code >= 200


@dataclass(eq=False)
class GetLiveConnection(core.GetHttpConnection):
    """mitmproxy answers every later request on a client connection with the error of a failed dial; we dial again. A
    dial that takes longer than its patience is hung up."""

    patience_seconds: float = math.inf

    def connection_spec_matches(self, connection: Connection) -> bool:
        return not connection.error and super().connection_spec_matches(connection)


class CodexStream(WireStream):
    """mitmproxy's state machine of one request, with attempts."""

    def __init__(self, context: Context, stream_id: int, ids: Ids, wire: Wire) -> None:
        super().__init__(context, stream_id, ids, wire)
        self.attempt: Attempt | None = None
        self.held: Held | None = None

    # An attempt begins

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """Dial for the account that is leased now, and for the next one when that fails; False when it is answered."""
        while True:
            if refusal := self.wire.refuse(self.flow):
                yield from self.answer(refusal)
                return False
            self.attempt = Attempt(self.flow, self.attempt.number + 1 if self.attempt else 1)
            how, message = yield from self.dial()
            if (yield from self.check_killed(True)):
                return False
            if how is None:
                self.heard_at = monotonic()
                return True
            if not (yield from self.ask(how, message)):
                yield from self.give_up(message)
                return False

    def dial(self) -> layer.CommandGenerator[tuple[Break | None, str]]:
        """How it failed and what the system said of it; None when the connection stands."""
        if not self.wire.has_credential(self.flow):
            return Break.CREDENTIAL, "no credential could be had"
        request, server = self.flow.request, self.flow.server_conn
        connection, error = yield GetLiveConnection(
            (request.host, request.port), request.scheme == "https", server.via, server.transport_protocol,
            patience_seconds=self.wire.dial_seconds(self.flow),
        )  # fmt: skip
        if error:
            return Break.CONNECT, error
        self.context.server = self.flow.server_conn = connection
        return None, ""

    def send_again(self) -> Commands:
        """The buffered request once more, under a new id."""
        self.upstream_id = self.ids.alias(self)
        self.held = None
        self.flow.response = self.flow.error = None
        if not (yield from self.make_server_connection()):
            return
        self.server_state = self.state_wait_for_response_headers
        request, server = self.flow.request, self.context.server
        content = request.raw_content
        yield core.SendHttp(core.RequestHeaders(self.stream_id, request, end_stream=not content), server)
        if content:
            yield core.SendHttp(core.RequestData(self.stream_id, content), server)
        yield core.SendHttp(core.RequestEndOfMessage(self.stream_id), server)

    # An answer comes

    def state_wait_for_response_headers(self, event: core.ResponseHeaders) -> layer.CommandGenerator[None]:
        """Pass the head on if it is good by itself, else hold it."""
        assert self.attempt is not None
        if not is_final(event.response):
            yield from self.failed(Break.TRANSPORT, "")
            return
        self.attempt.response = event.response
        event.response = head_for_client(event.response)
        must_be_whole = self.wire.whole_seconds(self.flow) is not None
        if must_be_whole or must_be_held(event.response):
            self.held = Held(event, to_its_end=must_be_whole)
            self.server_state = self.state_hold
        else:
            self.committed = True
            yield from super().state_wait_for_response_headers(event)

    def state_hold(self, event: core.HttpEvent) -> layer.CommandGenerator[None]:
        """Keep the answer back until it shows what it is."""
        assert self.held is not None
        match self.held.add(event):
            case Judgement.GOOD:
                yield from self.commit()
            case Judgement.BAD:
                yield from self.failed(Break.STATUS if self.held.is_error else Break.STREAM, "")
            case Judgement.UNDECIDED:
                pass

    def commit(self) -> Commands:
        """The point of no return: hand over what was held; from here on this is mitmproxy's own state machine."""
        assert self.held is not None
        held, self.held, self.committed = self.held.events, None, True
        self.server_state = super().state_wait_for_response_headers
        for event in held:
            yield from self.server_state(event)

    def check_time(self, now: float) -> Commands:
        """Called every second: has the upstream been silent for too long?"""
        if self.client_state == self.state_errored:
            return  # nobody waits for it any more
        if self.is_uploading:
            yield from self.check_upload(now)
            return
        silent_seconds = now - self.heard_at
        if self.server_state == self.state_wait_for_response_headers and self.attempt and not self.committed:
            if silent_seconds >= self.wire.head_seconds(self.flow):
                yield from self.failed(Break.TIMEOUT, "no answer in time")
        elif self.server_state == self.state_hold and self.held:
            if silent_seconds >= self.hold_limit(self.held):
                yield from self.failed(Break.STATUS if self.held.is_error else Break.TIMEOUT, "the answer never ended")
        elif self.is_passing and silent_seconds >= self.wire.idle_seconds:
            yield core.SendHttp(cancelled(self.stream_id), self.context.server)
            yield from super().handle_protocol_error(upstream_failed(self.stream_id, SILENT))

    def hold_limit(self, held: Held) -> float:
        """For how long a held answer may be silent."""
        if held.is_error:
            return self.wire.hold_seconds
        left = self.wire.whole_seconds(self.flow)
        return self.wire.idle_seconds if left is None or left > 0 else 0.0

    @property
    def is_passing(self) -> bool:
        """The answer's head is good and its end is not there, whether it streams or is read as a whole."""
        return self.server_state in (self.state_stream_response_body, self.state_consume_response_body)

    def handle_protocol_error(self, event: Any) -> layer.CommandGenerator[None]:
        """A connection broke: before anything was passed on, that is a failed attempt."""
        waiting = self.server_state in (self.state_wait_for_response_headers, self.state_hold)
        is_attempt = self.attempt is not None and not self.committed and self.client_state == self.state_done
        if isinstance(event, core.ResponseProtocolError) and waiting and is_attempt:
            how = Break.STREAM if self.held and not self.held.is_error else Break.TRANSPORT
            yield from self.failed(how, event.message, broken=True)
        else:
            yield from super().handle_protocol_error(event)

    # An attempt failed

    def failed(self, how: Break, message: str, broken: bool = False) -> Commands:
        """Ask the chain what follows, and do it."""
        held = self.held
        self.server_state = self.state_deciding
        unfinished = not broken and not (held and held.ended)
        again = yield from self.ask(how, message)
        if self.server_state == self.state_errored:  # the client has left
            if unfinished:
                yield core.SendHttp(cancelled(self.stream_id), self.context.server)
            return
        assert self.attempt is not None
        passed = None if broken or again or self.attempt.reply else held
        if unfinished and not passed:
            yield core.SendHttp(cancelled(self.stream_id), self.context.server)
        if again:
            yield from self.send_again()
        elif passed:
            for secret in self.wire.secrets(self.flow):
                passed.blot_out(secret)
            yield from self.commit()
        else:
            yield from self.give_up(message or "the upstream broke off")

    def ask(self, how: Break, message: str) -> layer.CommandGenerator[bool]:
        """Whether the request shall be sent again; the hook may take its time, and the client may leave meanwhile."""
        assert self.attempt is not None
        self.attempt.how, self.attempt.message = how, message
        if self.held:
            self.attempt.body = self.held.body if self.held.is_error else b""
            if last := self.held.tap.terminal:
                self.attempt.error, self.attempt.tokens = last.error, last.tokens
        yield UpstreamAttemptFailedHook(self.attempt)
        if (yield from self.check_killed(True)):
            return False
        if not self.attempt.decided:  # an addon raised: a pool's 401 must not pass for the client's
            self.attempt.reply = self.wire.explain(503, "Codex-LB could not decide what follows a failed attempt.")
        return self.attempt.decided and self.attempt.retry

    def give_up(self, message: str) -> Commands:
        """The chain's answer, or the plain truth about the connection."""
        if self.client_state == self.state_errored:
            return
        assert self.attempt is not None
        yield from self.answer(self.attempt.reply or self.wire.explain(502, message))

    def state_deciding(self, _: Any) -> layer.CommandGenerator[None]:
        """Events that come while the chain decides belong to an attempt that is over."""
        yield from ()
