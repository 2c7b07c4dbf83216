"""One request where it meets the wire: with its credential on the way up, and as JSON when mitmproxy answers by itself.

Each attempt speaks to the upstream under an id of its own, so a late word from an abandoned one is known and dropped.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, Protocol

from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as core

from addons.core.joining import Commands, Flush
from addons.core.limits import Limits
from addons.core.passing import hide_credentials, with_fields
from addons.core.versions import status_of

FROM_UPSTREAM = (core.ResponseHeaders, core.ResponseData, core.ResponseEndOfMessage, core.ResponseProtocolError)

TRAILERS = (core.RequestTrailers, core.ResponseTrailers)
"""What follows a body is dropped: mitmproxy can say it in HTTP/2 only."""

MOST_REFUSED_BYTES = 64 * 1024
"""A request that is refused by its head is read to here, so that its connection can be used again."""


class Wire(Protocol):
    """What the layer asks of the chain, per request; times in seconds."""

    limits: Limits
    small_body_bytes: int  # no body up to here is too large
    hold_seconds: float
    idle_seconds: float

    def joined(self, client: Client) -> None:
        """The client's requests are read from now on."""

    def parted(self, client: Client) -> None:
        """The layer has heard that the client is gone."""

    def greeted(self, client: Client) -> None:
        """The client has said something that counts: a first byte in HTTP/1, a request in HTTP/2, where frames
        without one keep mitmproxy's patience up for ever."""

    def rests(self, client: Client) -> None:
        """No request of an HTTP/2 client is open any more."""

    def take_in(self, flow: http.HTTPFlow, size: int) -> http.Response | None:
        """An answer keeps another piece of a body from being read: there is no room for it."""

    def dial_seconds(self, flow: http.HTTPFlow) -> float:
        """How long a connection may take to stand, TLS included."""

    def head_seconds(self, flow: http.HTTPFlow) -> float:
        """How long to wait for the head of an answer."""

    def whole_seconds(self, flow: http.HTTPFlow) -> float | None:
        """How long an answer may still take that counts only when it is whole; None for one that counts sooner."""

    def refuse(self, flow: http.HTTPFlow) -> http.Response | None:
        """An answer keeps the request from ever leaving: fail closed."""

    def has_credential(self, flow: http.HTTPFlow) -> bool:
        """Whether there is one to send; without, the attempt has failed before it began."""

    def on_wire(self, flow: http.HTTPFlow) -> http.Request:
        """The request head as sent, credential included; the flow's own request stays as it is."""

    def secrets(self, flow: http.HTTPFlow) -> tuple[bytes, ...]:
        """What is the account's and not the client's: an answer may quote it."""

    def withhold(self, flow: http.HTTPFlow) -> http.Response | None:
        """An answer for an upstream's that the chain must see as a whole first, and has not: fail closed."""

    def call(self, hook: commands.StartHook) -> bool:
        """Whether the hook has been called; else it is mitmproxy's to call, in a task of its own."""

    def cookie(self, flow: http.HTTPFlow) -> bytes | None:
        """What the client's browser shall keep: it lets in whoever shows it, so it stands on the wire alone."""

    def explain(self, status: int, message: str) -> http.Response:
        """The JSON answer for an error of the connection."""


class Ids(Protocol):
    """Where a stream gets an id for each attempt."""

    def alias(self, stream: WireStream) -> int:
        """A fresh id under which the upstream's events find their way to this stream."""

    def forget(self, stream: WireStream) -> None:
        """The stream is done."""


class WireStream(core.HttpStream):
    """mitmproxy's state machine of one request, guarded on both sides."""

    def __init__(self, context: Context, stream_id: int, ids: Ids, wire: Wire) -> None:
        super().__init__(context, stream_id)
        self.ids = ids
        self.wire = wire
        self.upstream_id = stream_id
        self.committed = False
        self.head_sent = self.end_sent = False
        self.begun_at = self.heard_at = monotonic()

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if self.committed and type(event) is core.ResponseData and event.stream_id == self.upstream_id:
            self.heard_at = monotonic()
            hot_path: Commands = super()._handle_event(event)  # nothing more of ours per event
            return hot_path
        return self._guarded(self._route(event))

    def _route(self, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):
            yield from self.check_time(monotonic())
            return
        if isinstance(event, FROM_UPSTREAM):
            if event.stream_id != self.upstream_id:
                return  # a late word from an abandoned attempt
            event.stream_id = self.stream_id
            self.heard_at = monotonic()
        elif isinstance(event, TRAILERS):
            return
        yield from super()._handle_event(event)

    def check_time(self, now: float) -> Commands:
        """Called every second; `now` is monotonic."""
        yield from ()

    def _guarded(self, source: Commands) -> Commands:
        """Pass commands on: to the upstream under the attempt's id and with its credential, to the client as JSON."""
        reply = None
        while True:
            try:
                command = source.send(reply)
            except StopIteration:
                return
            if isinstance(command, core.SendHttp):
                if command.connection is self.context.client:
                    yield from self._to_client(command)
                    continue
                self._to_upstream(command.event)
            elif isinstance(command, core.DropStream):
                self.ids.forget(self)
            if type(command) is core.HttpResponseHook:
                yield Flush()  # what the chain does then is nothing that the client should wait for
            is_done = isinstance(command, commands.StartHook) and self.wire.call(command)
            reply = None if is_done else (yield command)
            self._after(command)

    def _after(self, command: commands.Command) -> None:
        """What holds once the chain has had its say, also when a step of it failed before it could see to it."""
        if isinstance(command, core.HttpRequestHeadersHook):
            hide_credentials(self.flow.request)
        elif isinstance(command, core.HttpResponseHeadersHook) and self.flow.response:
            if self.wire.withhold(self.flow):
                self.flow.response.stream = False  # mitmproxy then reads it to its end first
        elif isinstance(command, core.HttpResponseHook) and (withheld := self.wire.withhold(self.flow)):
            self.flow.response = withheld

    def _to_client(self, command: core.SendHttp) -> Commands:
        """Nothing behind the head of an answer to HEAD, nothing behind an end, and JSON for mitmproxy's error page."""
        event = command.event
        if isinstance(event, core.ResponseHeaders):
            self.head_sent = event.response.status_code >= 200
            if cookie := self.wire.cookie(self.flow):
                event.response = with_fields(event.response, (*event.response.headers.fields, (b"set-cookie", cookie)))
        elif isinstance(event, core.ResponseData) and self.flow.request.method == "HEAD":
            return
        elif isinstance(event, core.ResponseEndOfMessage):
            self.end_sent = True
        elif isinstance(event, core.ResponseProtocolError):
            status = status_of(event)
            if self.end_sent:
                return
            if not self.head_sent and status is not None:
                yield from self._error_as_json(status, event.message)
                return
        yield command

    def _to_upstream(self, event: core.HttpEvent) -> None:
        event.stream_id = self.upstream_id
        if isinstance(event, core.RequestHeaders):
            event.request = self.wire.on_wire(self.flow)

    def _error_as_json(self, status: int, message: str) -> Commands:
        """A whole answer; it says itself that the connection ends with it."""
        self.head_sent = self.end_sent = True
        response, client = self.wire.explain(status, message), self.context.client
        yield core.SendHttp(core.ResponseHeaders(self.stream_id, response, end_stream=False), client)
        if self.flow.request.method != "HEAD":
            yield core.SendHttp(core.ResponseData(self.stream_id, response.raw_content or b""), client)
        yield core.SendHttp(core.ResponseEndOfMessage(self.stream_id), client)

    # A request comes

    def state_consume_request_body(self, event: Any) -> layer.CommandGenerator[None]:
        """Read on while there is room; but who is refused need not send megabytes to be told so."""
        if isinstance(event, core.RequestData) and (full := self.wire.take_in(self.flow, len(event.data))):
            self.request_body_buf.clear()
            yield from self.answer_early(full)
            return
        yield from super().state_consume_request_body(event)
        if self.flow.response and self.is_uploading and len(self.request_body_buf) > MOST_REFUSED_BYTES:
            yield from self.answer_early(self.flow.response)

    @property
    def is_uploading(self) -> bool:
        """The request's head is there and its body is not."""
        uploading: bool = self.client_state == self.state_consume_request_body
        return uploading

    def check_upload(self, now: float) -> Commands:
        """A body that does not come along is not waited for; `now` is monotonic."""
        if now - self.begun_at >= self.wire.limits.body_allowance(len(self.request_body_buf)):
            yield from self.answer_early(self.wire.explain(408, "The body of the request did not come in time."))

    def answer_early(self, response: http.Response) -> Commands:
        """Answer a request that is not whole, and read no more of it."""
        self.client_state = self.state_done  # the answer is the end of it
        yield from self.answer(response)
        self.client_state = self.state_errored  # what still comes is swallowed

    def answer(self, response: http.Response) -> Commands:
        """Answer from here; nothing of the upstream is passed on."""
        self.committed = True
        self.upstream_id = self.ids.alias(self)  # whatever the last attempt still says is late
        self.flow.response = response
        yield core.HttpResponseHeadersHook(self.flow)
        if not (yield from self.check_killed(True)):
            yield from self.send_response()

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        """mitmproxy's check looks two options up for each piece of a body: not needed while the body is small."""
        if request and 0 < len(self.request_body_buf) <= self.wire.small_body_bytes:
            return False
        return (yield from super().check_body_size(request))
