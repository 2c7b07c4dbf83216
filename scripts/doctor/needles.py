"""What a leak looks like: patterns of tokens and keys, and the very secrets of this pool in the forms they come in."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

LONGEST_MATCH = 8 * 1024
"""Bytes: tokens have one or two thousand characters, and no pattern takes more."""

PATTERNS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("JSON web token", re.compile(rb"eyJ[\w-]{8,2000}+\.eyJ[\w-]{8,4000}(?:\.[\w-]{8,1500})?")),
    ("refresh token", re.compile(rb"rt_(?<![\w-]rt_)[\w.-]{24,500}")),
    ("client key", re.compile(rb"sk-clb-[\w-]{32,100}")),
    ("API key", re.compile(rb"sk-(?<![\w-]sk-)(?!clb-)[\w-]{32,300}")),
)
"""Both parts of a JSON web token begin with an object in base64, so little else looks like one. Each pattern begins
with a fixed text, for which Python searches twenty times as fast; what stands before it is looked at then. That is done
only where the text is short, and in sealed tokens by chance: in a database a text stands right behind another one."""

LEAST_CHARACTERS, NEEDLE_CHARACTERS = 32, 64
"""Of a secret its end is looked for: tokens begin alike, and this much of one is no chance. What is shorter than the
first is no secret that we would know."""

URL_SAFE = bytes.maketrans(b"+/", b"-_")


Owned = TypeVar("Owned", tuple[str, str], tuple[None, str])
"""Of whom a secret is, and what it is."""


@dataclass(frozen=True, slots=True)
class Needle:
    """Some bytes that only a secret has in it, and which one that is: of whom (None: of nobody's), and what."""

    data: bytes
    owner: str | None
    kind: str


def needles_of(secrets: Mapping[Owned, str]) -> list[Needle]:
    """What to look for of each secret: its end as it is, URL-encoded and in base64. `secrets` are by whose and what."""
    found: dict[bytes, Needle] = {}
    for (owner, kind), secret in secrets.items():
        for data in _forms(secret[-NEEDLE_CHARACTERS:]) if len(secret) >= LEAST_CHARACTERS else ():
            found.setdefault(data, Needle(data, owner, kind))
    return list(found.values())


def _forms(text: str) -> Iterator[bytes]:
    yield text.encode()
    yield quote(text, safe="").encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + text.encode()).rstrip(b"=")
        own = encoded[4 if shift else 0 : -1]  # the characters at both ends depend on the neighbours, too
        yield own
        yield own.translate(URL_SAFE)
