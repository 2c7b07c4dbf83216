"""Where things stand in a TOML text: the text goes in, its headers and keys with their places come out.

tomlkit and tomllib tell what a text means, not where it says so; editing without touching anything else needs the
places. The text must be one that tomlkit reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tomlkit

KeyPath = tuple[str, ...]
"""The keys that lead to a value, from the root."""

ELEMENT = "[]"
"""Stands in a path for the element of an array of tables that is being written."""

TOKEN = re.compile(
    r"""
      (?P<string> \"{3}(?:\\.|(?!\"{3}).)*\"{3,5} | '{3}(?:(?!'{3}).)*'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
    | (?P<comment> \#[^\n]* )
    | (?P<open> [\[{] ) | (?P<close> [\]}] ) | (?P<equals> = ) | (?P<newline> \r?\n )
    | (?P<blank> [ \t]+ )
    | (?P<other> [^"'\#\[\]{}=\r\n \t]+ | \r )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, or a key with its value; places are offsets into the text.

    `start` and `end` take in whole lines, `value` only the value as it is written (None for a header).
    """

    path: KeyPath
    section: KeyPath
    """Of the header above it; a header's own path."""
    start: int
    end: int
    value: tuple[int, int] | None

    @property
    def is_header(self) -> bool:
        return self.value is None


def statements(text: str) -> list[Statement]:
    """All headers and keys of a text, in its order."""
    found: list[Statement] = []
    section: KeyPath = ()
    for start, end, equals, last in _logical_lines(text):
        head = text[start : last if equals is None else equals].strip()
        if not head:
            continue
        if equals is None:
            section = _section_of(head)
            found.append(Statement(section, section, start, end, None))
        else:
            value = equals + 1 + len(text[equals + 1 : last]) - len(text[equals + 1 : last].lstrip(" \t"))
            found.append(Statement(section + _path_of(head), section, start, end, (value, last)))
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, int, int | None, int]]:
    """Of every line that ends outside of a value: its start, its end, its =, and the end of what is no comment."""
    start, last, depth, equals = 0, 0, 0, None
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "newline" and depth == 0:
            yield start, token.end(), equals, last
            start, last, equals = token.end(), token.end(), None
            continue
        if kind == "equals" and depth == 0 and equals is None:
            equals = token.start()
        depth += {"open": 1, "close": -1}.get(kind or "", 0)
        if kind not in ("blank", "comment", "newline"):
            last = token.end()
    if start < len(text):
        yield start, len(text), equals, last


def _section_of(head: str) -> KeyPath:
    if head.startswith("[["):
        return (*_path_of(head[2:-2]), ELEMENT)
    return _path_of(head[1:-1])


def _path_of(key: str) -> KeyPath:
    """The parts of a key as it is written: a."b.c" is a and b.c."""
    found, inner = [], tomlkit.parse(f"{key} = 0").unwrap()
    while isinstance(inner, dict):
        [(part, inner)] = inner.items()
        found.append(part)
    return tuple(found)


def written(path: KeyPath) -> str:
    """A path as a key in TOML."""
    return ".".join(tomlkit.key(part).as_string() for part in path)
