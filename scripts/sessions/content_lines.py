"""The lines of a stream of bytes: blocks go in, lines with their offsets come out, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_LINE = 64 << 20
"""Bytes. Far beyond what Codex writes in one line; of a longer one only the end is looked for."""


@dataclass(frozen=True, slots=True)
class ContentLine:
    """A line with its line feed, if it has one; `text` is None for one that is too long to be held."""

    number: int
    offset: int
    text: bytes | None


def lines(blocks: Iterable[bytes], longest: int = LONGEST_LINE) -> Iterator[ContentLine]:
    """The lines in their order, counted from 1; only line feeds end one."""
    number, offset = 1, 0
    held, dropped = b"", 0
    for block in blocks:
        *whole, rest = (held + block).split(b"\n")
        for piece in whole:
            size = dropped + len(piece) + 1
            yield ContentLine(number, offset, None if size > longest else piece + b"\n")
            number, offset, dropped = number + 1, offset + size, 0
        if dropped + len(rest) > longest:
            rest, dropped = b"", dropped + len(rest)
        held = rest
    if held or dropped:
        yield ContentLine(number, offset, None if dropped else held)
