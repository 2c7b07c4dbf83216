"""Where mitmproxy itself listens must be where the settings say.

mitmproxy 12 opens its ports before it loads a script: where the mode names no address it listens on all of them.
"""

from __future__ import annotations

import logging

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.mode_specs import ProxyMode

Place = tuple[str, int]

logger = logging.getLogger(__name__)


def places() -> list[Place]:
    """Address and port for each mode, by the options as they are now; empty is every address."""
    host, port = ctx.options.listen_host, ctx.options.listen_port
    modes = [ProxyMode.parse(mode) for mode in ctx.options.mode]
    return [(mode.listen_host(host), mode.listen_port(port) or 0) for mode in modes]


def refusal(opened: Place, wanted: Place) -> str:
    """What is said of a port that was opened elsewhere."""
    was, should = (f"{host or 'every address'}:{port}" for host, port in (opened, wanted))
    return (
        f"mitmproxy opened {was} before it knew the settings, which say {should}: name both in the mode, "
        "like --mode reverse:https://chatgpt.com@127.0.0.1:2455."
    )


class Doors:
    """Lets no proxy run that listens where it should not; stands before all that sets options."""

    def __init__(self) -> None:
        self.opened: list[Place] = []

    def load(self, loader: Loader) -> None:
        listener: Proxyserver | None = ctx.master.addons.get("proxyserver")
        if listener and (len(listener.servers) or listener.servers.is_updating):
            self.opened = places()

    def configure(self, updated: set[str]) -> None:
        """The first time: now the settings are known."""
        opened, self.opened = self.opened, []
        for was, wanted in zip(opened, places(), strict=False):
            if was != wanted:
                logger.error("%s", refusal(was, wanted))  # mitmproxy ends over an error at its start
