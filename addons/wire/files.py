"""Uploaded files by their ids: paths and bodies in, the ids that stand in them out.

An upload is announced to one account, which gives it an id and a place to put the bytes (that is not this proxy's), and
is confirmed by its id. A prompt names it as `sediment://ID` or as the value of `file_id`.
"""

from __future__ import annotations

import itertools
import re

import msgspec

from addons.wire.lenient import read_or_none

_ID = r"[A-Za-z0-9_-]{1,128}"
_OF_PATH = re.compile(rf"/files/({_ID})/uploaded$")

# Each begins with a fixed text, which is found fast; in a text inside of JSON the quotes are escaped.
_MARKS = (b"sediment://", b"file_id")
_NAMED = (
    re.compile(rf"sediment://({_ID})".encode()),
    re.compile(rf'file_id\\?"\s*:\s*\\?"({_ID})'.encode()),
)

MOST_NAMED = 64
"""Of each form; no prompt has that many files."""


class _Announced(msgspec.Struct):
    file_id: str


_ANNOUNCED = msgspec.json.Decoder(_Announced)


def file_of_path(path: str) -> str | None:
    """The id of the file that a path is about."""
    found = _OF_PATH.search(path)
    return found[1] if found else None


def files_in(body: bytes) -> tuple[str, ...]:
    """The ids that a plain body names, each once; or seems to, for a text may quote anything."""
    if not any(mark in body for mark in _MARKS):
        return ()
    found = (match[1].decode() for one in _NAMED for match in itertools.islice(one.finditer(body), MOST_NAMED))
    return tuple(dict.fromkeys(found))


def file_announced(body: bytes) -> str | None:
    """The id that an account gave to a file, as it answers."""
    answer = read_or_none(_ANNOUNCED, body)
    return answer.file_id if answer and re.fullmatch(_ID, answer.file_id) else None
