"""Where a value stands in a line of JSON: bytes and the keys that lead to it go in, its span comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence

BLANKS = " \t\n\r"

DECODER = json.JSONDecoder()


def span_of(line: bytes, keys: Sequence[str]) -> tuple[int, int] | None:
    """The first byte of the value below these keys and the one after its last; None where there is no such value.

    Raises ValueError for what is not JSON up to there, and for an object that has one of the keys twice.
    """
    # In Latin-1 every byte is one character, so places of characters are places of bytes; JSON's own marks are ASCII.
    text = line.decode("latin-1")
    start, end = _after_blanks(text, 0), len(text)
    for key in keys:
        if text[start : start + 1] != "{":
            return None
        found = _member(text, start, key)
        if found is None:
            return None
        start, end = found
    return start, end


def _member(text: str, start: int, key: str) -> tuple[int, int] | None:
    """The span of the value of `key` in the object that begins at `start`."""
    found = None
    place = _after_blanks(text, start + 1)
    while text[place : place + 1] == '"':
        name, place = DECODER.raw_decode(text, place)
        place = _after_blanks(text, _past(text, _after_blanks(text, place), ":"))
        _, end = DECODER.raw_decode(text, place)
        if name == key:
            if found is not None:
                raise ValueError(f"One object has {key!r} twice.")
            found = place, end
        place = _after_blanks(text, end)
        if text[place : place + 1] == "}":
            return found
        place = _after_blanks(text, _past(text, place, ","))
    _past(text, place, "}")
    return found


def _past(text: str, place: int, mark: str) -> int:
    if text[place : place + 1] != mark:
        raise ValueError(f"There should be {mark!r} at byte {place}.")
    return place + 1


def _after_blanks(text: str, place: int) -> int:
    while text[place : place + 1] in BLANKS and place < len(text):
        place += 1
    return place
