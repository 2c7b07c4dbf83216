"""Planted secrets: each in every form it may be written down in, and the search for them in whatever was written."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

PIECE_CHARACTERS = 24
"""What is shown of a secret may be cut out of it: twice that much is found, wherever it begins."""

URL_SAFE = bytes.maketrans(b"+/", b"-_")
LOWER_CASE_HEX = re.compile(rb"%[0-9A-F]{2}")

TOKENS = re.compile(
    rb'"(?:(?:access|refresh|id)_token|authorization_code|code_verifier)" ?: ?"([^"]+)"'
    rb"|\bauthorization: Bearer ([^\r\n]+)"
    rb"|\b(?:code|code_verifier)=([^&\s]+)",
    re.IGNORECASE,
)


def forms(text: str) -> frozenset[bytes]:
    """A text as it is, in base64 (at all three alignments, both alphabets), URL-encoded, and escaped as in JSON."""
    plain, url, plus = text.encode(), quote(text, safe="").encode(), quote_plus(text).encode()
    escaped = json.dumps(text)[1:-1]
    twice = json.dumps(escaped)[1:-1]
    found = {plain, url, plus, *(LOWER_CASE_HEX.sub(lambda hit: hit[0].lower(), form) for form in (url, plus))}
    found |= {form.encode() for each in (escaped, twice) for form in (each, each.replace("/", r"\/"))}
    found.add(json.dumps(text, ensure_ascii=False)[1:-1].encode())
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + plain).rstrip(b"=")
        own = encoded[4 if shift else 0 : -1]  # the characters at both ends depend on the neighbours, too
        found |= {own, own.translate(URL_SAFE)}
    return frozenset(found)


def pieces(secret: str) -> list[str]:
    """All of a secret in pieces, so that any longer stretch of it is found; a short one as a whole."""
    if len(secret) < 2 * PIECE_CHARACTERS:
        return [secret]
    last = len(secret) - PIECE_CHARACTERS
    return [secret[start : start + PIECE_CHARACTERS] for start in (*range(0, last, PIECE_CHARACTERS), last)]


def tokens_in(data: bytes) -> list[str]:
    """The tokens and codes in a login's file, or in what passed between us and the issuer or the upstream."""
    return [next(filter(None, groups)).decode() for groups in TOKENS.findall(data)]


class Planted:
    """Secrets by what they are, to be searched for."""

    def __init__(self, secrets: Mapping[str, Iterable[str]]) -> None:
        self._needles = {
            needle: kind
            for kind, values in secrets.items()
            for value in values
            for piece in pieces(value)
            for needle in forms(piece)
        }

    def found_in(self, data: bytes) -> list[str]:
        """What of them shows in some bytes, and where."""
        places = ((kind, data.find(needle)) for needle, kind in self._needles.items())
        return sorted({f"{kind} at {place}" for kind, place in places if place >= 0})

    def leaks(self, places: Iterable[Path]) -> dict[Path, list[str]]:
        """Every file of these places in which something shows, with what that is."""
        files = sorted({file for place in places for file in (place, *place.rglob("*")) if file.is_file()})
        found = {file: self.found_in(file.read_bytes()) for file in files}
        return {file: what for file, what in found.items() if what}
