"""Puts one text into a JSON object and leaves every other byte as it was: the prompt cache lives on such bytes.

What goes in has been read as JSON before; here it is only measured, not judged.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

import msgspec

_BLANK = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}]+")
# Strings are taken whole, so that the brackets in them do not count.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_OPENING, _CLOSING = (b"[", b"{"), (b"]", b"}")


@dataclasses.dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object: its name, and where its value starts and ends."""

    name: str
    start: int
    end: int


def with_text(body: bytes, path: Sequence[str], text: str) -> bytes:
    """The JSON object with this text at the path of names, which is made where it is not there.

    A name that occurs twice is changed twice: parsers do not agree on which one counts.
    """
    name, *rest = path
    found = [member for member in _members(body) if member.name == name]
    if not found:
        return _inserted(body, name, _nested(rest, text))
    for member in reversed(found):
        value = body[member.start : member.end]
        new = with_text(value, rest, text) if rest and value.startswith(b"{") else _nested(rest, text)
        body = body[: member.start] + _same(value, new) + body[member.end :]
    return body


def says_twice(body: bytes, path: Sequence[str]) -> bool:
    """Whether the JSON object names a member on this path more than once, so that parsers may disagree on it."""
    names = [b'"%s"' % name.encode() for name in path]
    if b"\\u00" not in body and all(body.count(name) <= 1 for name in names):
        return False  # without a look at each member: these are the only two ways to write an ASCII name
    name, *rest = path
    found = [member for member in _members(body) if member.name == name]
    values = [body[member.start : member.end] for member in found]
    return len(found) > 1 or any(value.startswith(b"{") and says_twice(value, rest) for value in values if rest)


def _same(value: bytes, new: bytes) -> bytes:
    """The value as it was written, if it means the same: `"\\u0061"` is `"a"`."""
    is_text = value.startswith(b'"') and new.startswith(b'"')
    return value if is_text and msgspec.json.decode(value) == msgspec.json.decode(new) else new


def _nested(path: Sequence[str], text: str) -> bytes:
    value: object = text
    for name in reversed(path):
        value = {name: value}
    return msgspec.json.encode(value)


def _inserted(body: bytes, name: str, value: bytes) -> bytes:
    """The object with one more member, before all others."""
    at = _blank(body, 0) + 1
    is_empty = body[_blank(body, at) : _blank(body, at) + 1] == b"}"
    return body[:at] + msgspec.json.encode(name) + b":" + value + (b"" if is_empty else b",") + body[at:]


def _members(body: bytes) -> Iterator[_Member]:
    """The members of the object that a body is, in order."""
    at = _blank(body, _blank(body, 0) + 1)
    while body[at : at + 1] != b"}":
        name_end = _end(_STRING, body, at)
        start = _blank(body, _blank(body, name_end) + 1)
        end = _value_end(body, start)
        yield _Member(msgspec.json.decode(body[at:name_end], type=str), start, end)
        at = _blank(body, end)
        if body[at : at + 1] == b",":
            at = _blank(body, at + 1)


def _value_end(body: bytes, start: int) -> int:
    first = body[start : start + 1]
    if first == b'"':
        return _end(_STRING, body, start)
    if first not in _OPENING:
        return _end(_SCALAR, body, start)
    depth = 0
    for token in _TOKEN.finditer(body, start):
        if token[0] in _OPENING:
            depth += 1
        elif token[0] in _CLOSING:
            depth -= 1
            if depth == 0:
                return token.end()
    raise ValueError("The JSON object does not end.")


def _blank(body: bytes, at: int) -> int:
    """Where the white space that begins here ends."""
    return _end(_BLANK, body, at)


def _end(pattern: re.Pattern[bytes], body: bytes, at: int) -> int:
    match = pattern.match(body, at)
    if match is None:
        raise ValueError(f"The JSON object breaks off at byte {at}.")
    return match.end()
