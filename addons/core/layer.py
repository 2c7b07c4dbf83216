"""Our HTTP layer inside mitmproxy: where a request meets the wire.

`CodexStream` is mitmproxy's state machine of one request. Two things are added to it:
nothing is dialled for a request that the chain has not cleared, and the credential is put on when the head is written,
on a copy, so that no flow ever holds one. Errors that mitmproxy would answer in HTML are answered in JSON.
"""

from __future__ import annotations

from typing import Any, Protocol

from mitmproxy import http
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as core

from addons.core.joining import Commands, Joined, join_writes
from addons.core.versions import status_of

SURELY_SMALL_BYTES = 16 * 1024 * 1024
"""Far below the limit on bodies: up to here it need not be looked up."""


class Wire(Protocol):
    """What the layer asks of the chain, per request."""

    def refuse(self, flow: http.HTTPFlow) -> http.Response | None:
        """An answer keeps the request from ever leaving: fail closed."""

    def on_wire(self, flow: http.HTTPFlow) -> http.Request:
        """The request head as sent, credential included; the flow's own request stays as it is."""

    def explain(self, status: int, message: str) -> http.Response:
        """The JSON answer for an error of the connection."""


class CodexStream(core.HttpStream):
    """One request: refused before it is dialled, or sent with its credential, then mitmproxy's own state machine."""

    def __init__(self, context: Context, stream_id: int, wire: Wire) -> None:
        super().__init__(context, stream_id)
        self.wire = wire
        self.head_sent = False

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if self.head_sent and type(event) is core.ResponseData:
            hot_path: Commands = super()._handle_event(event)  # nothing of ours per event
            return hot_path
        return self._guarded(super()._handle_event(event))

    def _guarded(self, source: Commands) -> Commands:
        """Pass commands on; credentials are added and error pages replaced as they go by."""
        reply = None
        while True:
            try:
                command = source.send(reply)
            except StopIteration:
                return
            if isinstance(command, core.SendHttp):
                if command.connection is not self.context.client:
                    self._to_upstream(command)
                elif isinstance(command.event, core.ResponseHeaders):
                    self.head_sent = True
                elif isinstance(command.event, core.ResponseProtocolError) and not self.head_sent:
                    yield from self._error_as_json(command.event)
            reply = yield command

    def _to_upstream(self, command: core.SendHttp) -> None:
        if isinstance(command.event, core.RequestHeaders):
            command.event.request = self.wire.on_wire(self.flow)

    def _error_as_json(self, event: core.ResponseProtocolError) -> Commands:
        """Answer for mitmproxy, whose own error page is HTML; the event itself then only closes the connection."""
        status = status_of(event)
        if status is None:
            return
        self.head_sent = True
        response = self.wire.explain(status, event.message)
        client = self.context.client
        yield core.SendHttp(core.ResponseHeaders(self.stream_id, response, end_stream=False), client)
        yield core.SendHttp(core.ResponseData(self.stream_id, response.raw_content or b""), client)

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        """mitmproxy's check reads options for each piece of a body; measured: 0.4 ms of a request of 1 MB."""
        if request and 0 < len(self.request_body_buf) <= SURELY_SMALL_BYTES:
            return False
        return (yield from super().check_body_size(request))

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """Dial the upstream, unless the chain has not cleared this request: then answer and dial nothing."""
        refusal = self.wire.refuse(self.flow)
        if refusal is None:
            return (yield from super().make_server_connection())
        self.flow.response = refusal
        yield core.HttpResponseHeadersHook(self.flow)
        if not (yield from self.check_killed(True)):
            yield from self.send_response()
        return False


class CodexLayer(core.HttpLayer):
    """mitmproxy's HTTP layer with our stream in it; what one event makes it write is written at once."""

    def __init__(self, context: Context, mode: core.HTTPMode, wire: Wire) -> None:
        super().__init__(context, mode)
        self.wire = wire

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        return join_writes(super()._handle_event(event))

    def event_to_child(self, child: Any, event: events.Event) -> layer.CommandGenerator[None]:
        """Called by mitmproxy for each event; what comes from the upstream is joined first."""
        if type(event) is events.DataReceived and event.connection is not self.context.client:
            child = Joined(child)
        return super().event_to_child(child, event)

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Called by mitmproxy for each new request."""
        stream = CodexStream(self.context.fork(), stream_id, self.wire)
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, events.Start())
