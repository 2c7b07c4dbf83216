"""What a client shows in the head of a request: header fields go in, its credentials come out, or the fields without
them."""

from __future__ import annotations

import re

from addons.wire.denials import Denial
from addons.wire.headers import CLIENT_CREDENTIALS, Fields

BREAKS_A_LINE = re.compile(rb"[\r\n\x00]")
"""A folded value may hide a header of its own."""


def without_credentials(fields: Fields) -> Fields:
    """The header fields but for the client's credentials, however they are disguised."""
    return tuple(
        (name, value)
        for name, value in fields
        if name.strip().lower() not in CLIENT_CREDENTIALS and not BREAKS_A_LINE.search(value)
    )


def bearer_of(authorization: str) -> str | Denial:
    """The key that a client shows."""
    scheme, _, token = authorization.strip().partition(" ")
    if not scheme:
        return Denial.NO_KEY
    return token.strip() if scheme.lower() == "bearer" and token.strip() else Denial.NOT_BEARER
