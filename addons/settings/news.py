"""What another version of the file changes: what counted before and what is wanted now go in, changes and words come
out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from addons.settings.catalog import BY_NAME
from addons.settings.resolve import Effective
from addons.settings.setting import Value


@dataclass(frozen=True, slots=True)
class News:
    """The values to take over by name, and a sentence for the log; empty where there is nothing to say."""

    changes: Mapping[str, Value]
    sentence: str


def in_words(name: str, value: Value) -> str:
    """What a setting is."""
    return f"{name} is {'empty' if value == '' else value}"


def news(before: Mapping[str, Effective], wanted: Mapping[str, Effective], taken: Mapping[str, Value]) -> News:
    """`taken` are the values that were decided elsewhere, on the command line or in mitmweb: they stay."""
    changes, words = {}, []
    for name, setting in BY_NAME.items():
        now = wanted[name]
        if now.value == before[name].value:
            continue
        if name in taken:
            words.append(f"{in_words(name, taken[name])} all the same, for the command line or mitmweb says so")
        elif not setting.is_live:
            words.append(f"{in_words(name, now.value)} from the next start on")
        else:
            changes[name] = now.value
            words.append(f"{in_words(name, now.value)} now ({now.source})")
    return News(changes, f"The settings were changed: {'; '.join(words)}." if words else "")
