"""The fields of a multipart form, read strictly: content type and body in, the values of one field out, or FormError.

A form that two readers could take for different ones is not read at all: what it asks for must be clear to judge it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_PARTS = 64
"""A form of the images API has a dozen fields and at most sixteen pictures."""

MOST_PART_HEAD_BYTES = 4 * 1024
MOST_VALUE_BYTES = 1024
"""Of a field that is read: a model's name, an effort. Others may be as long as they like."""

_LINE_END = b"\r\n"

_TYPE = re.compile(
    r"multipart/form-data[ \t]*;[ \t]*boundary=(?:\"([\w'()+,./:=?-]{1,70})\"|([\w'+.-]{1,70}))",
    re.ASCII | re.IGNORECASE,
)

# A name with an escape or an encoding of its own is read by some, and not by others.
_DISPOSITION = re.compile(
    rb"form-data[ \t]*;[ \t]*name=(?:\"([^\"\\]*)\"|([\w.\[\]-]+))"
    rb"(?P<file>(?:[ \t]*;[ \t]*filename\*?=(?:\"(?:[^\"\\]|\\.)*\"|[^\s;\"]+))*)",
    re.IGNORECASE,
)
_HEADERS = frozenset({b"content-disposition", b"content-type", b"content-length"})
_PLAIN_TEXT = re.compile(rb"text/plain(?:[ \t]*;[ \t]*charset=\"?(?:utf-8|us-ascii)\"?)?", re.IGNORECASE)


class FormError(Exception):
    """A form of which it is not clear what it says; the text is for the client."""


def is_form(content_type: str) -> bool:
    """Whether a request says, or may be taken to say, that its body is a form in parts."""
    return "multipart/" in content_type.lower()


def values_of_form(content_type: str, body: bytes, name: str) -> tuple[str, ...]:
    """What the form says of a field, once for each time it stands there; raises FormError."""
    boundary = _boundary(content_type)
    found = []
    for head, value in _parts(body, b"--" + boundary):
        headers = _headers(head)
        match = _DISPOSITION.fullmatch(headers.get(b"content-disposition", b""))
        if match is None:
            raise FormError("A part of the form does not say plainly which field it is.")
        if (match[1] if match[1] is not None else match[2]) == name.encode():
            found.append(_text(value, headers, bool(match["file"])))
    return tuple(found)


def _boundary(content_type: str) -> bytes:
    match = _TYPE.fullmatch(content_type.strip())
    if match is None:
        raise FormError("The Content-Type of the form is not plainly multipart/form-data with a boundary.")
    return (match[1] or match[2]).encode()


def _parts(body: bytes, delimiter: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Head and value of each part. The delimiter must stand nowhere but where a part begins and behind the last."""
    pieces = body.split(delimiter, MOST_PARTS + 2)
    if len(pieces) > MOST_PARTS + 2:
        raise FormError(f"The form has more than {MOST_PARTS} parts.")
    if len(pieces) < 2 or pieces[0] or pieces[-1].rstrip(_LINE_END) != b"--":
        raise FormError("The form does not begin and end with its boundary.")
    for piece in pieces[1:-1]:
        head, blank, value = piece.partition(_LINE_END * 2)
        if not (head.startswith(_LINE_END) and blank and value.endswith(_LINE_END)):
            raise FormError("A part of the form is not set off plainly from the others.")
        if len(head) > MOST_PART_HEAD_BYTES:
            raise FormError("A part of the form has a head that is too large.")
        yield head[len(_LINE_END) :], value[: -len(_LINE_END)]


def _headers(head: bytes) -> dict[bytes, bytes]:
    """The headers of a part by name, in lower case."""
    pairs = [line.partition(b":") for line in head.split(_LINE_END)]
    found = {name.lower(): value.strip(b" \t") for name, _, value in pairs}
    if len(found) != len(pairs) or not found.keys() <= _HEADERS or b"\n" in head.replace(_LINE_END, b""):
        raise FormError("A part of the form has headers that are not read alike everywhere.")
    return found


def _text(value: bytes, headers: dict[bytes, bytes], is_file: bool) -> str:
    """A field's value; one that is a file, or in another encoding, is a field to some readers only."""
    kind = headers.get(b"content-type", b"text/plain")
    if is_file or len(value) > MOST_VALUE_BYTES or not value.isascii() or _PLAIN_TEXT.fullmatch(kind) is None:
        raise FormError("A field of the form is not plain text.")
    return value.decode()
