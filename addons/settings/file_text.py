"""The file of settings: its text goes in, values by name come out, or one sentence that says in which line what is
wrong."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from addons.settings.catalog import BY_NAME, nearest
from addons.settings.fixed import why_not
from addons.settings.setting import Value
from addons.settings.settings_error import SettingsError

FILE_NAME = "config.toml"
"""In $CODEXLB_HOME."""

MOST_BYTES = 1_000_000
"""Of the file; one with every setting and its meaning has five thousand. A larger one is some other file."""

BYTE_ORDER_MARK = "\ufeff"

PLACE = re.compile(r" ?\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
"""How tomllib's messages end."""

Look = tuple[int, ...]
"""What tells one version of a file from another without reading it; empty where there is none."""


def look(path: Path) -> Look:
    """Which version of the file is there now, through links."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (error.errno or 0,)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def read_bytes(path: Path) -> bytes | None:
    """What the file holds, None where there is none; waits for nobody and reads nothing endless. Raises
    SettingsError."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SettingsError(f"{path} is a pipe or a device: put a file there, or remove it.")
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read ({error.strerror}): see to it that you may read it.") from error
    if len(content) > MOST_BYTES:
        raise SettingsError(f"{path} has more than {MOST_BYTES} bytes, which no settings need: make it shorter.")
    return content


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # else opening a pipe waits for who writes to it


def read_text(path: Path) -> str:
    """The text of the file, empty where there is none; raises SettingsError."""
    return decoded(path, read_bytes(path) or b"")


def decoded(path: Path, content: bytes) -> str:
    """The content of the file at `path` as a text; raises SettingsError."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path} is not UTF-8 (byte {error.start + 1}), which TOML must be: save it as UTF-8."
        ) from error


def read_settings(path: Path, text: str) -> dict[str, Value]:
    """The values in the text of the file at `path`, all of them good; raises SettingsError."""
    return {name: _checked(path, text, name, value) for name, value in parse(path, text).items()}


def parse(path: Path, text: str) -> Mapping[str, Any]:
    """The text as TOML; raises SettingsError with line and column."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what = str(error)
        found = PLACE.search(what)
        place = (found["line"], found["column"]) if found and found["line"] else _end(text)
        raise SettingsError(
            f"{path} is not TOML (line {place[0]}, column {place[1]}: {PLACE.sub('', what)}): mend it there."
        ) from error
    except RecursionError as error:
        raise SettingsError(f"{path} is not TOML that can be read: it is nested too deeply.") from error
    except ValueError as error:  # Python's own limit
        raise SettingsError(f"{path} is not TOML that can be read: a number in it has thousands of digits.") from error


def _checked(path: Path, text: str, name: str, value: object) -> Value:
    where = f"{path}{_line(text, name)}"
    if name not in BY_NAME:
        raise SettingsError(f"{where}: {why_not(name) or unknown(name)}")
    try:
        return BY_NAME[name].checked(value)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from error


def unknown(name: str) -> str:
    """What is said of a name that is none."""
    near = nearest(name)
    hint = f"did you mean {near}?" if near else "see them all with `codexlb config list`."
    return f"There is no setting {name!r}: {hint}"


def _line(text: str, name: str) -> str:
    """In which line a name stands; tomllib does not tell."""
    names = "|".join(re.escape(each) for each in (name, f'"{name}"', f"'{name}'"))
    opening = re.compile(rf"^[ \t\ufeff]*\[{{0,2}}[ \t]*(?:{names})[ \t]*[=.\]]", re.MULTILINE)
    found = opening.search(text)
    return f", line {text.count(chr(10), 0, found.start()) + 1}" if found else ""


def _end(text: str) -> tuple[str, str]:
    lines = text.split("\n")
    return str(len(lines)), str(len(lines[-1]) + 1)
