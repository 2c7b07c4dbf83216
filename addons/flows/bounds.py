"""Keeps the list of flows from growing for ever: the oldest that have ended go first, those that run stay."""

from __future__ import annotations

from collections import deque

from mitmproxy import http
from mitmproxy.addonmanager import Loader
from mitmproxy.addons.view import View
from mitmproxy.connection import Client

from addons.exchange import Exchanges
from addons.own_options import chosen, declare
from addons.settings.keeping import DEFAULT_FLOWS, WEB_FLOWS
from addons.wire.routes import OWN_PAGES

MOST_BYTES = 256 * 1024 * 1024
"""Of bodies: some requests bring megabytes of history with them."""


def size_of(flow: http.HTTPFlow) -> int:
    """How many bytes of bodies a flow holds."""
    bodies = (flow.request.raw_content, flow.response.raw_content if flow.response else None)
    return sum(len(body) for body in bodies if body)


class FlowBounds:
    """Takes flows out of the view; pages of the proxy's own go as soon as they are answered."""

    def __init__(self, exchanges: Exchanges, view: View) -> None:
        self.exchanges = exchanges
        self.view = view
        self.most = DEFAULT_FLOWS
        self.most_bytes = MOST_BYTES
        self.ended: deque[tuple[str, int]] = deque()
        """Ids, not flows: what a person clears is free at once. With each how many bytes it holds."""
        self.known: set[str] = set()
        self.bytes = 0
        self.pages: list[str] = []

    def load(self, loader: Loader) -> None:
        declare(loader, WEB_FLOWS)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_web_flows" in updated:
            self.most = chosen(WEB_FLOWS)
            self.shrink()

    def response(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.end(flow)

    def client_disconnected(self, client: Client) -> None:
        """What a connection still held is over."""
        self.shrink()

    def end(self, flow: http.HTTPFlow) -> None:
        """Count a flow that has ended; mitmproxy may call both `error` and `response`."""
        exchange = self.exchanges.get(flow)
        if exchange and exchange.route in OWN_PAGES:
            self.pages.append(flow.id)
        else:
            self.count(flow)
        self.shrink()

    def count(self, flow: http.HTTPFlow) -> None:
        """Note what a flow holds."""
        if flow.id not in self.known:
            size = size_of(flow)
            self.ended.append((flow.id, size))
            self.known.add(flow.id)
            self.bytes += size

    def shrink(self) -> None:
        """Let go what is too much. A flow that is not quite over yet is looked at again with the next one."""
        self.pages = [flow_id for flow_id in self.pages if not self.remove(flow_id)]
        for _ in range(len(self.ended)):
            if len(self.ended) <= self.most and self.bytes <= self.most_bytes:
                return
            flow_id, size = self.ended.popleft()
            if self.remove(flow_id):
                self.known.discard(flow_id)
                self.bytes -= size
            else:
                self.ended.append((flow_id, size))

    def remove(self, flow_id: str) -> bool:
        """Take it out of the view; False while it is live, for then mitmproxy would kill it."""
        flow = self.view.get_by_id(flow_id)
        if flow is None:
            return True
        if flow.live:
            return False
        self.view.remove([flow])
        return True
