"""Our HTTP layer without sockets, loop or clock: events go in, what reaches the client and each upstream comes out.

It does what mitmproxy's server does with a layer's commands: a hook and a dial are answered once the event that made
them is done with, who closes a connection is told that it is closed, and what is written to a closed one is lost.
HTTP/2 is spoken without TLS: a connection's `alpn` is set as a handshake would have set it.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from typing import Any

from mitmproxy import http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, Connection, ConnectionState, Server
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.core.attempt import Attempt
from addons.core.layer import CodexLayer
from addons.core.limits import LIMITS, Limits
from addons.wire.failures import Break
from tests.addons.core.clients import Client1, Client2
from tests.addons.core.plain_wire import PlainWire
from tests.addons.core.upstreams import Upstream, Upstream1, Upstream2

DIAL = "dial"
FAILED = "upstream_attempt_failed"


@functools.cache
def _options(**changed: str) -> Options:
    options = Options(http2_ping_keepalive=0)
    Proxyserver().load(options)
    options.update(**changed)
    return options


def once_more(attempt: Attempt) -> None:
    """A chain that always has another account."""
    attempt.decided = attempt.retry = True


def pass_on(attempt: Attempt) -> None:
    """A chain that gives the client what the upstream said."""
    attempt.decided = True


def stream_it(flow: http.HTTPFlow) -> None:
    """As the chain does with every answer of the upstream."""
    if flow.response and flow.error is None:
        flow.response.stream = lambda data: [data] if data else []


class Machine:
    """One client connection; `limits` are the client's, `options` mitmproxy's."""

    def __init__(
        self, *, http2_client: bool = False, http2_upstream: bool = False, limits: Limits = LIMITS, **options: str
    ) -> None:
        self.wire = PlainWire()
        self.wire.limits = limits
        self.http2_upstream = http2_upstream
        self.hooks: dict[str, Callable[[Any], object]] = {FAILED: once_more, "responseheaders": stream_it}
        self.called: list[str] = []
        self.attempts: list[Attempt] = []
        self.dials: deque[str | None] = deque()  # the errors of the dials to come; without, they succeed
        self.upstreams: list[Upstream] = []
        self.timers: list[commands.RequestWakeup] = []
        self.withheld: set[str] = set()  # what is not answered until `release`
        self._waiting: list[commands.Command] = []
        self._queue: deque[events.Event] = deque()
        self._running = False
        self._gone: set[Connection] = set()
        connection = Client(
            peername=("127.0.0.1", 50_000),
            sockname=("127.0.0.1", 2455),
            timestamp_start=1.0,
            state=ConnectionState.OPEN,
            alpn=b"h2" if http2_client else None,
            proxy_mode=ProxyMode.parse("reverse:http://upstream.test:80"),
        )
        self.client: Client1 | Client2 = (Client2 if http2_client else Client1)(self.receive, connection)
        context = Context(connection, _options(**options))
        context.server = Server(address=("upstream.test", 80))
        self.layer = CodexLayer(context, HTTPMode.transparent, self.wire)
        self.feed(events.Start())

    @property
    def upstream(self) -> Upstream:
        """The one that got the newest request."""
        return max(self.upstreams, key=lambda upstream: upstream.last_request)

    @property
    def requests(self) -> int:
        """How many requests reached an upstream."""
        return sum(upstream.requests for upstream in self.upstreams)

    @property
    def breaks(self) -> list[Break | None]:
        """How each attempt failed that the chain was told of."""
        return [attempt.how for attempt in self.attempts]

    @property
    def is_idle(self) -> bool:
        """Nothing is kept of any request, and nothing is waited for."""
        return not (self.layer.streams or self.layer.command_sources or self._waiting)

    def receive(self, connection: Connection, data: bytes) -> None:
        """Bytes came from a peer; a closed connection has none."""
        if data and connection.state & ConnectionState.CAN_READ:
            self.feed(events.DataReceived(connection, data))

    def hang_up(self, connection: Connection) -> None:
        """A peer closed its connection."""
        if connection.state & ConnectionState.CAN_READ:
            connection.state &= ~ConnectionState.CAN_READ
            self.feed(events.ConnectionClosed(connection))

    def leave(self) -> None:
        """The client gives up: over HTTP/2 its newest request, else its connection."""
        if isinstance(self.client, Client2):
            self.client.reset()
        else:
            self.hang_up(self.client.connection)

    def tick(self) -> None:
        """A second is over, by every timer that was asked for."""
        due, self.timers = self.timers, []
        for timer in due:
            self.feed(events.Wakeup(timer))

    def release(self) -> None:
        """Answer what was withheld, and withhold nothing more."""
        self.withheld.clear()
        due, self._waiting = self._waiting, []
        for command in due:
            self._answer(command)
        self._run()

    def feed(self, event: events.Event) -> None:
        """Let the layer handle an event and all that follows from it at once."""
        self._queue.append(event)
        self._run()

    def _run(self) -> None:
        if self._running:
            return
        self._running = True
        while self._queue:
            for command in self.layer.handle_event(self._queue.popleft()):
                self._do(command)
        self._running = False

    def _do(self, command: commands.Command) -> None:
        match command:
            case commands.SendData() if command.connection not in self._gone:
                self._peer(command.connection).take(command.data)
            case commands.CloseTcpConnection(half_close=True) if command.connection not in self._gone:
                self._say_no_more(command.connection)
            case commands.CloseConnection() if command.connection not in self._gone:
                self._close(command.connection)
            case commands.OpenConnection() | commands.StartHook():
                name = DIAL if isinstance(command, commands.OpenConnection) else command.name
                self.called.append(name)
                if name in self.withheld:
                    self._waiting.append(command)
                else:
                    self._answer(command)
            case commands.RequestWakeup():
                self.timers.append(command)

    def _say_no_more(self, connection: Connection) -> None:
        connection.state &= ~ConnectionState.CAN_WRITE
        self._peer(connection).ended = True
        if connection.state is ConnectionState.CLOSED:
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        is_read = connection.state & ConnectionState.CAN_READ
        connection.state = ConnectionState.CLOSED
        self._gone.add(connection)
        self._peer(connection).closed = True
        if is_read:
            self._queue.append(events.ConnectionClosed(connection))

    def _answer(self, command: commands.Command) -> None:
        if isinstance(command, commands.OpenConnection):
            self._queue.append(events.OpenConnectionCompleted(command, self._dial(command.connection)))
        elif isinstance(command, commands.StartHook):
            (value,) = command.args()
            if command.name == FAILED:
                self.attempts.append(value)
            self.hooks.get(command.name, lambda _: None)(value)
            self._queue.append(events.HookCompleted(command))

    def _dial(self, server: Server) -> str | None:
        server.error = self.dials.popleft() if self.dials else None
        if server.error is None:
            server.state = ConnectionState.OPEN
            server.alpn = b"h2" if self.http2_upstream else None  # what a TLS handshake would have agreed on
            kind = Upstream2 if self.http2_upstream else Upstream1
            self.upstreams.append(kind(self.receive, self.hang_up, server))
        return server.error

    def _peer(self, connection: Connection) -> Any:
        if connection is self.client.connection:
            return self.client
        return next(upstream for upstream in self.upstreams if upstream.connection is connection)
