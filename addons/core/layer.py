"""mitmproxy's HTTP layer with our streams in it: ids for their attempts, one clock for all, and joined writes."""

from __future__ import annotations

import itertools
import time
from typing import Any

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as core

from addons.core.back import read_our_way
from addons.core.front import Front
from addons.core.joining import Commands, Joined, join_writes
from addons.core.stream import CodexStream
from addons.core.wire_stream import Wire, WireStream

TICK_SECONDS = 1.0
"""How exactly time limits are kept. One clock a connection: a timer for each request would outlive it."""

LEFT = "The client has left."
"""Why a dial is over that nobody waits for."""

FIRST_ALIAS = 1 << 40
"""Ids of further attempts; no client connection counts that far."""


class Timed:
    """Stands before the client's connection when time has passed and nothing has come."""

    def __init__(self, front: Front) -> None:
        self.front = front

    def handle_event(self, _: events.Event) -> Commands:
        """As the layer's own."""
        return self.front.check_time(time.monotonic())


class CodexLayer(core.HttpLayer):
    """One client connection."""

    def __init__(self, context: Context, mode: core.HTTPMode, wire: Wire) -> None:
        super().__init__(context, mode)
        self.wire = wire
        self.aliases = itertools.count(FIRST_ALIAS)
        self.front: Front | None = None
        self.tick: commands.RequestWakeup | None = None
        self.is_over = False

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Wakeup) and event.command is self.tick:
            return join_writes(self.pass_time(event))
        if type(event) is events.Start:
            return join_writes(self.begin(event))
        if type(event) is events.ConnectionClosed and event.connection is self.context.client:
            return join_writes(self.part(event))
        return join_writes(super()._handle_event(event))

    def begin(self, event: events.Start) -> Commands:
        """Put our own reader of HTTP/1 in the place of mitmproxy's."""
        client = self.context.client
        self.wire.joined(client)
        yield from super()._handle_event(event)
        if type(self.connections[client]) is core.Http1Server:
            self.connections[client] = self.front = Front(self.context.fork(), self.wire.limits, self.wind_up)
            yield from self.event_to_child(self.front, event)
            self.wire.greeted(client)
            if client.tls_established:  # its first byte, for which the doorway waited, was the handshake's
                yield from self.front.allow(self.wire.limits.greeting_seconds)

    def part(self, event: events.ConnectionClosed) -> Commands:
        """The client has left: mitmproxy drops a dial that waits for its turn without a word to who waits for it."""
        if self.is_over:
            return
        self.is_over = True
        self.wire.parted(self.context.client)
        yield from super()._handle_event(event)
        for connection in list(self.waiting_for_establishment):
            yield from self.register_connection(core.RegisterHttpConnection(connection, LEFT))

    def register_connection(self, command: core.RegisterHttpConnection) -> layer.CommandGenerator[None]:
        """Called by mitmproxy when a dial has ended; nobody waits any more for one that the client has left behind."""
        if command.connection in self.waiting_for_establishment:
            read_our_way(self.connections[command.connection])
            yield from super().register_connection(command)

    def event_to_child(self, child: Any, event: events.Event) -> layer.CommandGenerator[None]:
        """Called by mitmproxy for each event; the many pieces that HTTP/2 makes of one read are joined first."""
        is_read = type(event) is events.DataReceived and event.connection is not self.context.client
        if is_read and event.connection.alpn == b"h2":  # type: ignore[attr-defined] # of data that was read
            child = Joined(child)
        return super().event_to_child(child, event)

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Called by mitmproxy for each new request."""
        if self.front is None:
            self.wire.greeted(self.context.client)
        stream = CodexStream(self.context.fork(), stream_id, self, self.wire)
        self.streams[stream_id] = stream
        yield from self.wind_up()
        yield from self.event_to_child(stream, events.Start())

    def wind_up(self) -> Commands:
        """Ask for the next tick, unless it is to come already."""
        if self.tick is None:
            self.tick = commands.RequestWakeup(TICK_SECONDS)
            yield self.tick

    def pass_time(self, event: events.Wakeup) -> Commands:
        """Let all that may not last look at the time; when there is nothing of that kind, the clock stops."""
        self.command_sources.pop(event.command, None)  # mitmproxy would bring it to whoever asked
        self.tick = None
        yield from self.hang_up_dials(time.time())
        if self.front:
            yield from self.event_to_child(Timed(self.front), event)
        for stream in list({id(stream): stream for stream in self.streams.values()}.values()):
            yield from self.event_to_child(stream, event)
        if self.streams or (self.front and self.front.deadline is not None):
            yield from self.wind_up()

    def hang_up_dials(self, now: float) -> Commands:
        """A dial that hangs, be it in the TLS handshake, is ended here: the stream that waits for it does not see the
        time pass."""
        for connection, waiting in list(self.waiting_for_establishment.items()):
            since = connection.timestamp_start
            patience = min(dial.patience_seconds for dial in waiting)  # type: ignore[attr-defined] # ours, all of them
            if since is not None and now - since >= patience:
                yield commands.CloseConnection(connection)

    def alias(self, stream: WireStream) -> int:
        """A fresh id under which events find their way to this stream."""
        alias = next(self.aliases)
        self.streams[alias] = stream
        return alias

    def forget(self, stream: WireStream) -> None:
        """Drop every id of a stream that is done."""
        for stream_id in [key for key, value in self.streams.items() if value is stream]:
            del self.streams[stream_id]
        if self.front is None and not self.streams:
            self.wire.rests(self.context.client)
