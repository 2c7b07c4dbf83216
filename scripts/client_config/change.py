"""Wanted values put into a configuration: a text goes in, the new one comes out with the steps that undo it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.client_config.editing import EditError, raw_at, value_at, with_value, without, without_empty
from scripts.client_config.meaning import TomlError, meaning
from scripts.client_config.provider import PROVIDERS, raw
from scripts.client_config.statements import KeyPath, written


@dataclass(frozen=True, slots=True)
class Step:
    """One value that was set, or taken out (`ours` is None), and how it was written before (None: it was not there)."""

    path: KeyPath
    ours: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A new text, the steps that led to it, and the tables that were not there before."""

    text: str
    steps: tuple[Step, ...]
    made: tuple[KeyPath, ...]


@dataclass(frozen=True, slots=True)
class Undone:
    """A text after steps were undone, and the paths whose values somebody has changed since: they stay."""

    text: str
    kept: tuple[KeyPath, ...]


def changed(text: str, values: Mapping[KeyPath, str | None]) -> Change:
    """The text with these values (None: without); raises EditError, or TomlError if it is no TOML."""
    data, steps, made = meaning(text), [], []
    wanted = copy.deepcopy(data)
    new = text
    for path, value in values.items():
        if value_at(data, path) == value:
            continue
        steps.append(Step(path, value, raw_at(text, path)))
        parent = path[:-1]
        if parent and parent not in made and value_at(data, parent) is None:
            made.append(parent)
        new = without(new, path) if value is None else with_value(new, path, raw(value))
        _put(wanted, path, value)
    _check(new, wanted)
    return Change(new, tuple(steps), tuple(made))


def undone(text: str, change: Change) -> Undone:
    """The text with these steps taken back, whatever else has been changed in it since; raises as `changed` does."""
    kept: list[KeyPath] = []
    wanted = meaning(text)
    for step in reversed(change.steps):
        if step.path[:-1] in change.made and step.path[0] == PROVIDERS:
            continue  # the whole table goes
        there = value_at(wanted, step.path)
        if there != step.ours:
            kept += [step.path] if raw_at(text, step.path) != step.before else []
            continue
        text = without(text, step.path) if step.before is None else with_value(text, step.path, step.before)
        _put(wanted, step.path, None if step.before is None else value_at(meaning(text), step.path))
    for table in reversed(change.made):
        if table[0] == PROVIDERS:
            text = without(text, table)
            _put(wanted, table, None)
        else:
            text = without_empty(text, table)
    _check(text, wanted)
    return Undone(text, tuple(kept))


def _put(data: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Set a value in plain data, or take it out."""
    table = data
    for part in path[:-1]:
        if value is None and part not in table:
            return
        table = table.setdefault(part, {})
    if value is None:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = value


def _check(text: str, wanted: Mapping[str, Any]) -> None:
    """Nothing but what was meant has changed its meaning; raises EditError."""
    try:
        is_so = _filled(meaning(text)) == _filled(wanted)
    except TomlError:
        is_so = False
    if not is_so:
        raise EditError(
            f"The way in which {PROVIDERS} or a profile is written in it cannot be edited without damage: write "
            f"[{written((PROVIDERS, 'NAME'))}] tables, or make the change by hand."
        )


def _filled(data: Any) -> Any:
    """The data without empty tables: whether `model_providers` is there with nothing in it means nothing."""
    if not isinstance(data, Mapping):
        return data
    inner = {key: _filled(value) for key, value in data.items()}
    return {key: value for key, value in inner.items() if value != {}}
