"""A search for secrets in bytes of any length: pieces go in, places come out; what is cut in two is found all the same.

Memory is that of two pieces. What is found never comes out itself, only its place, its beginning and a hash of it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scripts.doctor.needles import LONGEST_MATCH, PATTERNS, Needle

SHOWN_CHARACTERS = 4
HASH_DIGITS = 8

Places = dict[int, "Leak"]


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret at some byte: whose (None: not known), of which kind, how it begins, and the head of its SHA-256."""

    offset: int
    owner: str | None
    kind: str
    beginning: str
    digest: str


def leaks(pieces: Iterable[bytes], needles: Sequence[Needle]) -> Iterator[Leak]:
    """Every secret in the bytes that these pieces are together, in their order.

    A secret of the pool that also looks like one comes once, at the place where the known part of it is.
    """
    kept, start, told = b"", 0, -1
    for piece in pieces:
        data = kept + piece
        sure = max(0, len(data) - LONGEST_MATCH)
        # What begins behind `sure` may go on in the next piece, and is looked at again then.
        found = _found(data, start, needles)
        yield from (found[place] for place in sorted(found) if told < place < start + sure)
        told = max(told, start + sure - 1)
        before = max(0, sure - 1)  # a pattern looks at the byte before it, too
        kept, start = data[before:], start + before
    found = _found(kept, start, needles)
    yield from (found[place] for place in sorted(found) if place > told)


def _found(data: bytes, start: int, needles: Sequence[Needle]) -> Places:
    """By their offsets; `start` is that of the data."""
    known = {
        start + place: _leak(data, start, place, len(needle.data), needle.owner, needle.kind)
        for needle in needles
        for place in _places(data, needle.data)
    }
    places = sorted(known)
    shaped: Places = {}
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(data):
            first, last = start + match.start(), start + match.end()
            if bisect_left(places, first) == bisect_left(places, last):
                shaped[first] = _leak(data, start, match.start(), match.end() - match.start(), None, kind)
    return shaped | known


def _places(data: bytes, wanted: bytes) -> Iterator[int]:
    place = data.find(wanted)
    while place >= 0:
        yield place
        place = data.find(wanted, place + len(wanted))


def _leak(data: bytes, start: int, place: int, length: int, owner: str | None, kind: str) -> Leak:
    secret = data[place : place + length]
    beginning = "".join(chr(byte) if 32 < byte < 127 else "?" for byte in secret[:SHOWN_CHARACTERS])
    return Leak(start + place, owner, kind, beginning, hashlib.sha256(secret).hexdigest()[:HASH_DIGITS])
