"""The difference between two texts, for people: coloured, and with no secret of theirs in it."""

from __future__ import annotations

import difflib
import re

from rich.text import Text

CONTEXT_LINES = 2

SECRET = re.compile(
    r"""((?:token|secret|passw|authorization|bearer|api-?key|(?<!\benv)_key)[\w"' .-]*?=\s*)"""
    r"""("(?:\\.|[^"\\])*"|'[^']*')""",
    re.IGNORECASE,
)
"""A value whose name tells that nobody else is to read it; the name of a variable with a key is none."""

STYLES = {"+": "green", "-": "red", "@": "cyan"}


def difference(name: str, before: str, after: str) -> Text:
    """A unified diff of the file `name`."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, name, name, n=CONTEXT_LINES)
    return Text("\n").join(map(_line, lines))


def _line(line: str) -> Text:
    shown = SECRET.sub(r"\1…", line.rstrip("\r\n"))
    printable = "".join(character if character.isprintable() or character == "\t" else "?" for character in shown)
    is_name = line.startswith(("---", "+++"))
    return Text(printable, "bold" if is_name else STYLES.get(line[:1], ""))
