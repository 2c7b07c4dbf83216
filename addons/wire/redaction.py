"""Secrets in what an upstream says: bytes and the secrets that are known in, the bytes without them out.

An upstream may quote whatever it was sent, in its own words and encodings. Nobody needs a token to understand an error:
what is as long as one and reads like one is hidden there. A whole answer is left alone but for tokens themselves.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from addons.wire.decoding import BodyError, decode_body

HIDDEN = b"[hidden]"

LEAST_SECRET_BYTES = 6
"""What is shorter is no secret and would stand in many words."""

MOST_CODE_CHARACTERS = 100
"""A code is a name; the longest known one has 33."""

# The characters of base64 in both alphabets, of URLs and of forms, and how JSON writes some of them.
_RUN = re.compile(rb"(?:[\w+=.~%:?&#;-]|\\{0,3}/|\\{1,3}u[0-9a-fA-F]{4}){40,}")

_LINK = re.compile(rb"https?://[a-z0-9.:-]{1,40}(?:/[a-z0-9_.-]{0,31}){0,8}(?:[?#][a-z0-9_&=.-]{0,31})?[;:.]?")
"""A link to a page: of short plain words. A token in one makes it another thing."""

_JWT = re.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")
"""A JSON web token: its first part is an object in base64."""

_NAMED = re.compile(rb"\b(?:rt|at|ac|sk|sess)[._-][\w.~+-]{12,}")
"""How short tokens, codes and keys begin; one that was just replaced by another is not known any more."""


def without_secrets(data: bytes, secrets: Collection[str]) -> bytes:
    """The data with every token in it replaced: those that are known, and whatever is a JSON web token."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= LEAST_SECRET_BYTES:
            data = data.replace(secret.encode(), HIDDEN)
    return _JWT.sub(HIDDEN, data) if b"eyJ" in data else data


def without_quotes(data: bytes, secrets: Collection[str]) -> bytes:
    """Likewise for an error, in which everything is replaced that may be a token in some form."""
    return _NAMED.sub(HIDDEN, _RUN.sub(_hidden_unless_link, without_secrets(data, secrets)))


def text_without_quotes(text: str, secrets: Collection[str]) -> str:
    """Likewise for a sentence."""
    return without_quotes(text.encode("utf-8", "replace"), secrets).decode("utf-8", "replace")


def code_without_quotes(code: str, secrets: Collection[str]) -> str:
    """Likewise for what an upstream calls an error: in one line, and of a length that can be kept."""
    found = text_without_quotes(code[: 2 * MOST_CODE_CHARACTERS], secrets)[:MOST_CODE_CHARACTERS]
    return "".join(character if character.isprintable() else "?" for character in found)


def shown_error(body: bytes, encoding: str, secrets: Collection[str], limit: int) -> bytes:
    """The body of an error as it may be shown, decoded and of about `limit` bytes at most."""
    try:
        plain = decode_body(body, encoding, max(limit, len(body)))
    except BodyError:
        return b"[%d bytes that could not be decoded]" % len(body)
    shown = without_quotes(plain, secrets)
    return shown if len(shown) <= limit else shown[:limit] + b"\n[%d bytes more]" % (len(shown) - limit)


def _hidden_unless_link(match: re.Match[bytes]) -> bytes:
    """Links stay: an error may tell its reader where to go."""
    return match[0] if _LINK.fullmatch(match[0]) else HIDDEN
