"""The upstream's own name for a request, which its support asks for: response headers in, the id out."""

from __future__ import annotations

from addons.wire.headers import Fields, value_of
from addons.wire.redaction import without_quotes

HEADERS = (b"x-request-id", b"x-oai-request-id", b"cf-ray")
"""The best one first."""


def request_id_of(fields: Fields) -> str | None:
    """The id in an answer's header fields, if it has one that can be shown."""
    return next((value for name in HEADERS if (value := value_of(fields, name)) and is_sayable(value)), None)


def is_sayable(value: str) -> bool:
    """Whether a value fits into a line and is no token."""
    if not value.isprintable():
        return False
    written = value.encode("utf-8", "replace")
    return without_quotes(written, ()) == written
