"""Where mitmproxy 11 and 12 differ, and nothing else."""

from __future__ import annotations

from typing import Any

from mitmproxy.proxy.layers import http as core

NO_RESPONSE = 444
"""mitmproxy 11's code for an error that the client must not be told of."""


def status_of(event: core.ResponseProtocolError) -> int | None:
    """The status to answer an error with; None when the client must not be told (killed, cancelled)."""
    code: Any = event.code
    if hasattr(core, "ErrorCode"):  # mitmproxy 12: an enum that knows its status
        status: int | None = code.http_status_code()
        return status
    return None if code == NO_RESPONSE else int(code)
