"""The file of settings as a text that people wrote: one value is put in or taken out, everything else stays."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import tomlkit
from tomlkit import TOMLDocument

from addons.settings.catalog import SETTINGS
from addons.settings.setting import Value

WIDTH = 100

HEAD = """\
# The settings of Codex-LB. Take the # off a line to decide on it; a running proxy takes it over within a second.
# The command line and the environment come first; `codexlb config list` tells what counts.
"""


def with_value(text: str, name: str, value: Value) -> str:
    """The text with a setting in it; a comment behind the old value stays."""

    def put(document: TOMLDocument) -> None:
        document[name] = value

    return _edited(text, put)


def without(text: str, name: str) -> str:
    """The text without a setting."""
    return _edited(text, lambda document: document.remove(name))


def template() -> str:
    """A new file: every setting commented out, with its meaning and its default."""
    parts = [HEAD]
    for each in SETTINGS:
        meaning = f"{each.meaning} One of {', '.join(each.choices)}." if each.choices else each.meaning
        lines = textwrap.wrap(meaning, WIDTH, initial_indent="# ", subsequent_indent="# ")
        parts.append("\n".join([*lines, f"# {each.name} = {tomlkit.item(each.default).as_string()}\n"]))
    return "\n".join(parts)


def is_windows(text: str) -> bool:
    """Whether all its lines end as Windows has them."""
    return "\r\n" in text and text.count("\n") == text.count("\r\n")


def _edited(text: str, edit: Callable[[TOMLDocument], object]) -> str:
    ended = text if not text or text.endswith("\n") else text + "\n"
    document = tomlkit.parse(ended.replace("\r\n", "\n") if is_windows(ended) else ended)
    edit(document)
    found = tomlkit.dumps(document)
    return found.replace("\n", "\r\n") if is_windows(ended) else found
