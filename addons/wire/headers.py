"""Header names that more than one step must agree on, in lower case."""

from __future__ import annotations

TURN_STATE = "x-codex-turn-state"
"""Issued by an account for one turn; Codex repeats the first one in every request of that turn."""

CLIENT_CREDENTIALS = frozenset(
    {
        *(b"authorization", b"chatgpt-account-id", b"cookie", b"proxy-authorization"),
        *(b"x-api-key", b"api-key", b"x-goog-api-key"),
    }
)
"""What belongs to the client and the proxy alone: it is shown nowhere and never goes upstream."""

OF_THIS_HOP = frozenset(
    {
        *(b"accept-encoding", b"connection", b"keep-alive", b"te", b"upgrade", b"http2-settings", b"proxy-connection"),
        *(b"forwarded", b"via", b"x-real-ip", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
    }
)
"""Not forwarded. Without Accept-Encoding the answer comes plain, and its usage can be read."""
