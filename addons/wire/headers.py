"""Header names that more than one step must agree on, in lower case, and how a header is looked up among fields."""

from __future__ import annotations

Fields = tuple[tuple[bytes, bytes], ...]
"""The names and values of a head, in order, as mitmproxy keeps them."""

TURN_STATE = "x-codex-turn-state"
"""Issued by an account for one turn; Codex repeats the first one in every request of that turn."""

CLIENT_CREDENTIALS = frozenset(
    {
        *(b"authorization", b"chatgpt-account-id", b"cookie", b"proxy-authorization"),
        *(b"x-api-key", b"api-key", b"x-goog-api-key"),
    }
)
"""What belongs to the client and the proxy alone: it is shown nowhere and never goes upstream."""

ROUTING_OVERRIDE = "x-openai-account-routing-override"
FEDRAMP = "x-openai-fedramp"

OF_THE_WORKSPACE = frozenset({ROUTING_OVERRIDE.encode(), FEDRAMP.encode()})
"""Where requests of the account's workspace may be handled; what the client says was meant for its own account."""

OF_THIS_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"http2-settings", b"expect"),
        *(b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip"),
    }
)
"""Said between two neighbours, or of who they are; so is what begins like one of the next."""

OF_HOPS = (b"proxy-", b"x-forwarded-")

OF_ITS_SENDER = frozenset({b"accept-encoding"})
"""Not forwarded either: without it the answer comes plain, and its usage can be read."""

OF_THE_POOL = frozenset(
    {
        *(b"set-cookie", b"set-cookie2", b"clear-site-data"),
        *(b"alt-svc", b"strict-transport-security", b"nel", b"report-to", b"reporting-endpoints"),
    }
)
"""What an upstream says to its own client: the pool's cookies, and rules for a host that is not this one."""


def values_of(fields: Fields, name: bytes) -> list[str]:
    """What a header says, once for each time it stands there; mitmproxy's own look-up takes all others apart, too."""
    return [value.decode("utf-8", "replace") for field, value in fields if field.lower() == name]


def value_of(fields: Fields, name: bytes) -> str | None:
    """What a header says, all of it in one; None where it does not stand there."""
    found = values_of(fields, name)
    return ", ".join(found) if found else None
