"""What a TOML text means: the text goes in, plain data comes out, or the line and column where it is none."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError

PLACE = re.compile(r" ?\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
"""How tomllib's messages end."""


class TomlError(ValueError):
    """The text is not TOML; the message says what is wrong, and where."""


def meaning(text: str) -> dict[str, Any]:
    """The data in a text; raises TomlError.

    tomlkit reads it, for it knows TOML 1.1 as Codex does (inline tables over several lines); tomllib is better at
    telling what is wrong and where.
    """
    try:
        data: dict[str, Any] = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise TomlError(_sentence(text, error)) from error
    return data


def _sentence(text: str, error: TOMLKitError) -> str:
    what = re.sub(r" at line \d+ col \d+$", "", str(error))
    place = (error.line, error.col + 1) if isinstance(error, ParseError) else (0, 0)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as other:
        found = PLACE.search(str(other))
        seen = (int(found["line"]), int(found["column"])) if found and found["line"] else _end(text)
        # Where tomllib stops earlier, it stopped at what only TOML 1.1 has, unless something is there twice: tomlkit
        # tells that when it is past it.
        if seen >= place or "Cannot" in str(other):
            what, place = PLACE.sub("", str(other)), seen
    return f"line {place[0]}, column {place[1]}: {what}"


def _end(text: str) -> tuple[int, int]:
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1
