"""The first step: what may come in at all. It opens the Exchange; whatever it turns away costs nothing further."""

from __future__ import annotations

import socket
import time

from mitmproxy import http
from mitmproxy.addonmanager import Loader

from addons.exchange import Exchange, Exchanges
from addons.own_options import chosen, declare
from addons.replies import reply
from addons.settings.access import HOSTS
from addons.wire import answers
from addons.wire.headers import Fields, value_of
from addons.wire.routes import Refusal, Route, known_host, route
from addons.wire.targets import without_version


def is_own_site(fields: Fields, own_names: frozenset[str]) -> bool:
    """Whether no browser says that a page of another site sends this; programs say nothing of the kind."""
    origin = value_of(fields, b"origin")
    if value_of(fields, b"sec-fetch-site") not in (None, "none", "same-origin"):
        return False
    return origin is None or known_host(origin.partition("://")[2], own_names)


def admit(request: http.Request, own_names: frozenset[str]) -> Route | Refusal:
    """The route of a request, or why it is turned away."""
    if request.authority and not request.is_http2:
        return Refusal(400, "absolute_form", "This is not a forward proxy: send the path only, not a whole URL.")
    fields = request.headers.fields
    host = request.authority or value_of(fields, b"host") or ""
    if not known_host(host, own_names):
        message = f"The host {host[:80]!r} is not a name of this machine: use its IP address, or set codexlb_hosts."
        return Refusal(400, "unknown_host", message)
    if not is_own_site(fields, own_names):
        return Refusal(403, "cross_site", "A web page of another site may not use this proxy.")
    is_websocket = (value_of(fields, b"upgrade") or "").lower() == "websocket"
    method = request.data.method.decode("latin-1")  # mitmproxy's own property writes it in capitals
    return route(method, request.path, upgrade=is_websocket)


class Gate:
    """Exact paths and methods only; every other request is answered with a clear 4xx as JSON."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges
        self.machine = frozenset({socket.gethostname().lower()})
        self.own_names = self.machine

    def load(self, loader: Loader) -> None:
        declare(loader, HOSTS)

    def configure(self, updated: set[str]) -> None:
        if "codexlb_hosts" in updated:
            self.own_names = chosen(HOSTS) | self.machine

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Admit or turn away."""
        flow.request.path = without_version(flow.request.path)
        admitted = admit(flow.request, self.own_names)
        if isinstance(admitted, Refusal):
            flow.response = reply(answers.refused(admitted))
        else:
            self.exchanges[flow] = Exchange(route=admitted, opened_at=time.time())
