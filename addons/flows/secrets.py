"""What must not be shown of an answer, and how an answer looks without it."""

from __future__ import annotations

from collections.abc import Collection

from mitmproxy import http

from addons.core.passing import NOT_PASSED_ON, passing
from addons.wire.headers import Fields
from addons.wire.redaction import shown_error, without_quotes, without_secrets

MOST_ERROR_BYTES = 64 * 1024


def shown_fields(fields: Fields, secrets: Collection[str]) -> Fields:
    """The fields of an answer's head without cookies, and without tokens that it may quote."""
    kept = passing(fields, NOT_PASSED_ON | {b"content-encoding"})
    return tuple((name, without_quotes(value, secrets)) for name, value in kept)


def shown_body(response: http.Response, body: bytes, secrets: Collection[str]) -> bytes:
    """A body without tokens, in plain text."""
    encoding = response.headers.get("content-encoding", "")
    if response.status_code >= 400 or encoding:
        return shown_error(body, encoding, secrets, MOST_ERROR_BYTES)
    return without_secrets(body, secrets)
