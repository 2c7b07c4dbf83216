"""The first step: what may come in at all. It opens the Exchange; whatever it turns away costs nothing further."""

from __future__ import annotations

import re
import socket
import time

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError

from addons.exchange import Exchange, Exchanges
from addons.replies import reply
from addons.wire import answers
from addons.wire.routes import Refusal, Route, known_host, route

HOST_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")


def parse_hosts(text: str) -> frozenset[str]:
    """The host names, in lower case, of a list like `codex.example.com, pool`; raises ValueError with one sentence."""
    names = [name for part in text.split(",") if (name := part.strip())]
    for name in names:
        if HOST_NAME.fullmatch(name.lower()) is None:
            raise ValueError(f"{name!r} is no host name: give names like codex.example.com, without scheme or port.")
    return frozenset(name.lower() for name in names)


def is_own_site(headers: http.Headers, own_names: frozenset[str]) -> bool:
    """Whether no browser says that a page of another site sends this; programs say nothing of the kind."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return False
    return origin is None or known_host(origin.partition("://")[2], own_names)


def admit(request: http.Request, own_names: frozenset[str]) -> Route | Refusal:
    """The route of a request, or why it is turned away."""
    if request.authority and not request.is_http2:
        return Refusal(400, "absolute_form", "This is not a forward proxy: send the path only, not a whole URL.")
    host = request.authority or request.headers.get("host", "")
    if not known_host(host, own_names):
        message = f"The host {host[:80]!r} is not a name of this machine: use its IP address, or set codexlb_hosts."
        return Refusal(400, "unknown_host", message)
    if not is_own_site(request.headers, own_names):
        return Refusal(403, "cross_site", "A web page of another site may not use this proxy.")
    is_websocket = request.headers.get("upgrade", "").lower() == "websocket"
    method = request.data.method.decode("latin-1")  # mitmproxy's own property writes it in capitals
    return route(method, request.path, upgrade=is_websocket)


class Gate:
    """Exact paths and methods only; every other request is answered with a clear 4xx as JSON."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges
        self.machine = frozenset({socket.gethostname().lower()})
        self.own_names = self.machine

    def load(self, loader: Loader) -> None:
        loader.add_option(
            "codexlb_hosts", str, "",
            "Host names by which clients call this proxy, comma separated, beside IP addresses, localhost and this "
            "machine's own name.",
        )  # fmt: skip

    def configure(self, updated: set[str]) -> None:
        if "codexlb_hosts" not in updated:
            return
        try:
            self.own_names = self.machine | parse_hosts(ctx.options.codexlb_hosts)
        except ValueError as error:
            raise OptionsError(f"codexlb_hosts: {error}") from error

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Admit or turn away."""
        admitted = admit(flow.request, self.own_names)
        if isinstance(admitted, Refusal):
            flow.response = reply(answers.refused(admitted))
        else:
            self.exchanges[flow] = Exchange(route=admitted, opened_at=time.time())
