"""Keeps a copy of what streams by, for people to look at: mitmproxy itself keeps nothing of a streamed body."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from weakref import WeakKeyDictionary

from mitmproxy import http

from addons.exchange import Exchanges
from addons.flows.secrets import shown_body, shown_fields
from addons.known_secrets import secrets_of
from addons.wire.excerpts import Excerpt
from addons.wire.redaction import text_without_quotes
from codexlb_store.pool import Pool

Stream = Callable[[bytes], Iterable[bytes] | bytes]


def beside(stream: Stream, kept: Excerpt) -> Stream:
    """The same stream callable, with a copy kept of what comes; nothing is held up for it."""

    def copying(data: bytes) -> Iterable[bytes] | bytes:
        passed = stream(data)
        kept.feed(data)
        return passed

    return copying


def show(response: http.Response, kept: Excerpt, secrets: Collection[str]) -> None:
    """Put into an answer what was kept of it; it has gone to the client already."""
    response.data.content = shown_body(response, kept.content, secrets)  # the property would set Content-Length
    response.headers.fields = shown_fields(response.headers.fields, secrets)


class FlowBodies:
    """Puts the copy into the flow once all of it has gone to the client; secrets do not stay in it."""

    def __init__(self, exchanges: Exchanges, pool: Pool) -> None:
        self.exchanges = exchanges
        self.pool = pool
        self.kept: WeakKeyDictionary[http.HTTPFlow, Excerpt] = WeakKeyDictionary()

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Look on while the upstream's answer streams through."""
        exchange = self.exchanges.get(flow)
        if exchange is None or exchange.answer is None or flow.response is None:
            return
        if callable(flow.response.stream):
            self.kept[flow] = kept = Excerpt()
            flow.response.stream = beside(flow.response.stream, kept)

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def end(self, flow: http.HTTPFlow) -> None:
        """Show what has gone by, also when it broke off."""
        exchange, kept = self.exchanges.get(flow), self.kept.pop(flow, None)
        if exchange is None or flow.response is None or kept is None:
            return
        secrets = secrets_of(self.pool, exchange)
        show(flow.response, kept, secrets)
        if flow.error:  # mitmproxy's own words may quote what it could not read
            flow.error.msg = text_without_quotes(flow.error.msg, secrets)
