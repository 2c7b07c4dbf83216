"""mitmproxy's own options as this proxy needs them, and why a file of settings may not hold an option."""

from __future__ import annotations

from typing import Any

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


def why_not(name: str) -> str | None:
    """Why this option of mitmproxy's is no setting; None for one that is not special."""
    if name == "mode":
        return "mode is not for this file: it is a reverse proxy always; set listen_host and listen_port."
    if name in REQUIRED:
        return f"{name} is not for this file: it must be {REQUIRED[name]!r} for Codex-LB to be safe, so leave it out."
    return None
