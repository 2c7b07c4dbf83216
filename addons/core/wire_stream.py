"""One request where it meets the wire: with its credential on the way up, and as JSON when mitmproxy answers by itself.

Each attempt speaks to the upstream under an id of its own, so a late word from an abandoned one is known and dropped.
"""

from __future__ import annotations

from time import monotonic
from typing import Protocol

from mitmproxy import http
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as core

from addons.core.joining import Commands
from addons.core.versions import status_of

FROM_UPSTREAM = (
    core.ResponseHeaders,
    core.ResponseData,
    core.ResponseTrailers,
    core.ResponseEndOfMessage,
    core.ResponseProtocolError,
)


class Wire(Protocol):
    """What the layer asks of the chain, per request; times in seconds."""

    small_body_bytes: int  # no body up to here is too large
    connect_seconds: float
    hold_seconds: float
    idle_seconds: float

    def head_seconds(self, flow: http.HTTPFlow) -> float:
        """How long to wait for the head of an answer."""

    def refuse(self, flow: http.HTTPFlow) -> http.Response | None:
        """An answer keeps the request from ever leaving: fail closed."""

    def has_credential(self, flow: http.HTTPFlow) -> bool:
        """Whether there is one to send; without, the attempt has failed before it began."""

    def on_wire(self, flow: http.HTTPFlow) -> http.Request:
        """The request head as sent, credential included; the flow's own request stays as it is."""

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
        self.head_sent = False
        self.heard_at = monotonic()

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
        elif isinstance(event, core.RequestData):
            self.heard_at = monotonic()
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
                if command.connection is not self.context.client:
                    self._to_upstream(command.event)
                elif isinstance(command.event, core.ResponseHeaders):
                    self.head_sent = True
                elif isinstance(command.event, core.ResponseProtocolError) and not self.head_sent:
                    yield from self._error_as_json(command.event)
            elif isinstance(command, core.DropStream):
                self.ids.forget(self)
            reply = yield command

    def _to_upstream(self, event: core.HttpEvent) -> None:
        event.stream_id = self.upstream_id
        if isinstance(event, core.RequestHeaders):
            event.request = self.wire.on_wire(self.flow)

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
        """mitmproxy's check looks two options up for each piece of a body: not needed while the body is small."""
        if request and 0 < len(self.request_body_buf) <= self.wire.small_body_bytes:
            return False
        return (yield from super().check_body_size(request))
