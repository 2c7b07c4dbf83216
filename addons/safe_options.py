"""mitmproxy's own options as this proxy needs them; another value of one of them is refused, not endured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.proxy import mode_specs

REQUIRED: dict[str, Any] = {
    "connection_strategy": "lazy",  # eager dials upstream before it is known who asks, and /health fails with it
    "upstream_cert": False,  # would dial upstream for a certificate
    "keep_host_header": True,  # else the client's Host is gone before Gate sees it; Upstream sets the new one
    "validate_inbound_headers": True,  # request smuggling
    "stream_large_bodies": None,  # a body that streams cannot be sent again, nor read
    "proxy_debug": False,  # logs every byte, tokens and all
    "ssl_insecure": False,  # a token must not go to whoever answers
}
"""Option name to the one safe value."""

BODY_SIZE_LIMIT = "64m"
"""Bytes on the wire; the decoded size has its own limit."""


def check_modes(modes: Sequence[str]) -> None:
    """In any other mode mitmproxy's own core would forward what no step has cleared."""
    for spec in modes:
        mode = mode_specs.ProxyMode.parse(spec)
        if not isinstance(mode, mode_specs.ReverseMode) or mode.scheme not in ("http", "https"):
            raise OptionsError(
                f"mode {spec!r} is none for Codex-LB: give reverse:https://chatgpt.com@2455 or the like."
            )


class SafeOptions:
    """Sets what is safe when the proxy starts and refuses to have it changed."""

    def load(self, loader: Loader) -> None:
        ctx.options.update(**REQUIRED)
        if ctx.options.body_size_limit is None:
            ctx.options.update(body_size_limit=BODY_SIZE_LIMIT)
        if not ctx.options.listen_host:
            ctx.options.update(listen_host="127.0.0.1")

    def configure(self, updated: set[str]) -> None:
        if "mode" in updated:
            check_modes(ctx.options.mode)
        for name, value in REQUIRED.items():
            if name in updated and getattr(ctx.options, name) != value:
                raise OptionsError(f"{name} must be {value!r} for Codex-LB to be safe: leave it out.")
