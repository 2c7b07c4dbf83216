"""Puts our HTTP layer under every connection, and tells it what the chain decided for a request."""

from __future__ import annotations

import logging
import time
from weakref import WeakSet

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.exceptions import OptionsError
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import commands, events, layer, layers, mode_specs, tunnel
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.utils import human

from addons.core import contract
from addons.core.dispatch import HookTable
from addons.core.doorway import Doorway
from addons.core.layer import CodexLayer
from addons.core.limits import LIMITS, Limits
from addons.core.passing import head_on_wire, is_sendable
from addons.core.refusal import refusal
from addons.core.uploads import Uploads
from addons.exchange import Exchanges
from addons.list_lease import patience_seconds
from addons.own_options import chosen, declare
from addons.replies import reply
from addons.settings.upstream import (
    DEFAULT_HEAD_SECONDS,
    DEFAULT_IDLE_SECONDS,
    HEAD_TIMEOUT_SECONDS,
    IDLE_TIMEOUT_SECONDS,
)
from addons.wire import answers, denials
from addons.wire.answers import JSON, Answer, error_body
from addons.wire.decoding import MOST_BODY_BYTES
from addons.wire.endpoints import most_body_bytes, too_large
from addons.wire.redaction import LEAST_SECRET_BYTES
from addons.wire.routes import Route

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
"""A host that is there answers in well under one."""
HOLD_SECONDS = 5.0
"""An error's body is small; one that does not end is judged by what came of it."""
UNARY_FACTOR = 10
"""A compaction answers when it is done, which may take minutes."""
FULL_SECONDS = 5.0
"""When to come back when there is no room for a body: turns last longer, but many end in that time."""


def connection_error(status: int, message: str, most_body_bytes: int) -> Answer:
    """What the client is told when its connection or the upstream's broke: 502 and above make Codex try again."""
    if status >= 500:  # mitmproxy's message may quote the upstream's bytes, cookies and all
        body = error_body("upstream_unreachable", "The upstream's answer broke off or was none.", "server_error")
    elif status == 413:
        found = too_large(most_body_bytes)
        body = error_body(found.code, found.message)
    else:
        body = error_body("request_timeout" if status == 408 else "bad_request", message)
    return Answer(status, (JSON, ("connection", "close")), body)


def is_first_layer(context: Context) -> bool:
    """Whether a reverse proxy's client has just connected over TCP, so that the HTTP layer is ours to choose."""
    mode = context.client.proxy_mode
    return (
        isinstance(mode, mode_specs.ReverseMode)
        and mode.scheme in ("http", "https")
        and context.client.transport_protocol == "tcp"
        and len(context.layers) == 1
        and isinstance(context.layers[0], modes.ReverseProxy)
    )


class CodexCore:
    """Fail closed at the wire: only a request that every step of the chain has written its part of may leave."""

    def __init__(self, exchanges: Exchanges, limits: Limits = LIMITS) -> None:
        self.exchanges = exchanges
        self.limits = limits
        self.doorway = Doorway()
        self.uploads = Uploads()
        self.dialling: WeakSet[Client] = WeakSet()
        self.present: WeakSet[Client] = WeakSet()
        self.small_body_bytes = 0
        self.hold_seconds = HOLD_SECONDS
        self.head_timeout_seconds = float(DEFAULT_HEAD_SECONDS)
        self.idle_seconds = float(DEFAULT_IDLE_SECONDS)

    def load(self, loader: Loader) -> None:
        if problems := contract.problems():
            raise OptionsError(refusal(problems))
        declare(loader, HEAD_TIMEOUT_SECONDS, IDLE_TIMEOUT_SECONDS)

    def configure(self, updated: set[str]) -> None:
        self.small_body_bytes = human.parse_size(ctx.options.body_size_limit) or 0
        self.head_timeout_seconds = float(chosen(HEAD_TIMEOUT_SECONDS))
        self.idle_seconds = float(chosen(IDLE_TIMEOUT_SECONDS))

    def client_connected(self, client: Client) -> None:
        """Let nobody hold a connection and say nothing."""
        self.doorway.enter(client, self.limits.greeting_seconds)

    async def client_disconnected(self, client: Client) -> None:
        self.doorway.leave(client)
        if client in self.present:
            await self.tell_end(client)

    async def tell_end(self, client: Client) -> None:
        """mitmproxy may end the reader of a client that it cannot write to before our layer hears of it: what was going
        on must end all the same."""
        handler = ctx.master.addons.get("proxyserver").connections[client.id]
        client.state = ConnectionState.CLOSED
        await handler.server_event(events.ConnectionClosed(client))
        if (left := handler.transports.get(client)) and left.writer:
            left.writer.close()

    def joined(self, client: Client) -> None:
        self.present.add(client)

    def parted(self, client: Client) -> None:
        self.present.discard(client)

    def greeted(self, client: Client) -> None:
        """Called by the layer: the first byte is there, behind a TLS handshake if there is one."""
        self.doorway.leave(client)

    def rests(self, client: Client) -> None:
        if client.connected:
            self.doorway.enter(client, self.limits.quiet_seconds)

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """The stack that mitmproxy would build for a reverse proxy, with our HTTP layer in it."""
        context = nextlayer.context
        if nextlayer.layer or not is_first_layer(context):
            return
        # A client that speaks TLS to us names us, not the upstream: its SNI must not go there.
        context.server.sni = context.server.address[0] if context.server.address else None
        stack = tunnel.LayerStack()
        if starts_like_tls_record(nextlayer.data_client()):
            stack /= layers.ClientTLSLayer(context)
        stack /= CodexLayer(context, HTTPMode.transparent, self)
        nextlayer.layer = stack[0]

    def take_in(self, flow: http.HTTPFlow, size: int) -> http.Response | None:
        exchange = self.exchanges.get(flow)
        limit = most_body_bytes(exchange.route) if exchange else MOST_BODY_BYTES
        if self.uploads.size_of(flow.id) + size > limit:
            return reply(answers.refused(too_large(limit)))
        return None if self.uploads.add(flow.id, size) else reply(answers.full(FULL_SECONDS))

    def response(self, flow: http.HTTPFlow) -> None:
        self.uploads.end(flow.id)

    def error(self, flow: http.HTTPFlow) -> None:
        self.uploads.end(flow.id)

    def refuse(self, flow: http.HTTPFlow) -> http.Response | None:
        """An answer for a request that a step has not cleared; mitmproxy itself would forward it."""
        exchange = self.exchanges.get(flow)
        if exchange is not None and exchange.cleared:
            return None
        log = logger.error if flow.client_conn.connected else logger.debug  # who has left is not served, as intended
        log("A request to %s was stopped: a step of the chain did not clear it.", flow.request.path[:80])
        return reply(answers.not_routed())

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Nobody dials but our own layer: not mitmproxy's replay, nor a protocol that another layer would serve."""
        if data.client not in self.dialling:
            data.server.error = "Codex-LB opens connections for cleared requests only."

    def has_credential(self, flow: http.HTTPFlow) -> bool:
        self.dialling.add(flow.client_conn)
        credential = self.exchanges[flow].credential
        return credential is not None and is_sendable(credential)

    def dial_seconds(self, flow: http.HTTPFlow) -> float:
        patience = patience_seconds(self.exchanges[flow], time.time())
        return min(CONNECT_SECONDS, self.head_timeout_seconds, patience)

    def head_seconds(self, flow: http.HTTPFlow) -> float:
        exchange = self.exchanges[flow]
        if exchange.kept:
            return min(self.head_timeout_seconds, patience_seconds(exchange, exchange.sent_at or exchange.opened_at))
        is_stream = exchange.route is Route.RESPONSES and exchange.ask is not None and exchange.ask.stream
        return self.head_timeout_seconds if is_stream else UNARY_FACTOR * self.head_timeout_seconds

    def whole_seconds(self, flow: http.HTTPFlow) -> float | None:
        exchange = self.exchanges[flow]
        return patience_seconds(exchange, time.time()) if exchange.kept else None

    def on_wire(self, flow: http.HTTPFlow) -> http.Request:
        exchange = self.exchanges[flow]
        assert exchange.credential is not None  # `refuse` let it pass
        exchange.sent_at = time.time()
        exchange.in_the_air = True
        return head_on_wire(flow.request, exchange.credential, exchange.foreign_turn_state)

    def withhold(self, flow: http.HTTPFlow) -> http.Response | None:
        exchange = self.exchanges.get(flow)
        if exchange is None or not exchange.is_unfiltered or flow.response is None:
            return None
        return reply(denials.unreadable_models()) if flow.response.status_code < 300 else None

    def secrets(self, flow: http.HTTPFlow) -> tuple[bytes, ...]:
        credential = self.exchanges[flow].credential
        if credential is None:
            return ()
        found = (credential.access_token, credential.refresh_token, credential.chatgpt_account_id)
        return tuple(text.encode() for text in found if len(text) >= LEAST_SECRET_BYTES)

    def call(self, hook: commands.StartHook) -> bool:
        manager = ctx.master.addons
        return isinstance(manager, HookTable) and manager.call_at_once(hook)

    def cookie(self, flow: http.HTTPFlow) -> bytes | None:
        exchange = self.exchanges.get(flow)
        return exchange.cookie if exchange else None

    def explain(self, status: int, message: str) -> http.Response:
        return reply(connection_error(status, message, self.small_body_bytes))
