"""Where mitmproxy 11 and 12 differ, and nothing else."""

from __future__ import annotations

from typing import Any

from mitmproxy.proxy.layers import http as core

NO_RESPONSE = 444
"""mitmproxy 11's code for an error that the client must not be told of."""

CANCELLED = 499
"""mitmproxy 11's code for a request that nobody waits for any more."""

CODES: Any = getattr(core, "ErrorCode", None)
"""mitmproxy 12's enum of errors; None in 11, which has numbers."""


def status_of(event: core.ResponseProtocolError) -> int | None:
    """The status to answer an error with; None when the client must not be told (killed, cancelled)."""
    code: Any = event.code
    if CODES:
        status: int | None = code.http_status_code()
        return status
    return None if code == NO_RESPONSE else int(code)


def cancelled(stream_id: int) -> core.RequestProtocolError:
    """Tells the upstream to stop: closes an HTTP/1 connection, resets an HTTP/2 stream."""
    code: Any = CODES.CANCEL if CODES else CANCELLED
    return core.RequestProtocolError(stream_id, "attempt abandoned", code)


def upstream_failed(stream_id: int, message: str) -> core.ResponseProtocolError:
    """The event that says an upstream could not be reached or broke off."""
    code: Any = CODES.GENERIC_SERVER_ERROR if CODES else 502
    return core.ResponseProtocolError(stream_id, message, code)


def turned_away(stream_id: int, message: str) -> core.RequestProtocolError:
    """The event that says that a request broke off, or was broken off here."""
    code: Any = CODES.GENERIC_CLIENT_ERROR if CODES else 400
    return core.RequestProtocolError(stream_id, message, code)


def client_left(stream_id: int) -> core.RequestProtocolError:
    """The event that says that the client went away."""
    code: Any = CODES.CLIENT_DISCONNECTED if CODES else CANCELLED
    return core.RequestProtocolError(stream_id, "Client disconnected.", code)
