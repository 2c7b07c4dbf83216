"""Who decides on each setting: command line, environment, file and defaults go in, values and their sources come out.

The first of them that names a setting decides on it, in that order. All of them must be good, also where another one
comes first: a bad value that lies in wait is better known now.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from addons.settings.catalog import BY_NAME, BY_VARIABLE, SERVE_DEFAULTS, nearest
from addons.settings.file_text import read_settings
from addons.settings.setting import Value
from addons.settings.settings_error import SettingsError

PREFIX = "CODEXLB_"
OTHERS = ("CODEXLB_HOME", "CODEXLB_KEY_FILE", "CODEXLB_REQUIRE_")
"""Variables of Codex-LB's that are no settings, or how they begin."""


class Source(enum.StrEnum):
    """Who decided."""

    COMMAND_LINE = "command line"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """What a setting is, and who decided so."""

    value: Value
    source: Source


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The file of settings: where it is, and its text. One that is not there is empty."""

    path: Path
    text: str


def resolve(
    command_line: Mapping[str, Value],
    environ: Mapping[str, str],
    file: SettingsFile,
    defaults: Mapping[str, Value] = SERVE_DEFAULTS,
) -> dict[str, Effective]:
    """Every setting by its name; raises SettingsError for what cannot be right."""
    layers = {
        Source.COMMAND_LINE: from_command_line(command_line),
        Source.ENVIRONMENT: from_environment(environ),
        Source.FILE: read_settings(file.path, file.text),
        Source.DEFAULT: defaults,
    }
    return {
        name: next(Effective(values[name], source) for source, values in layers.items() if name in values)
        for name in BY_NAME
    }


def from_command_line(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """The same values, if they are good; raises SettingsError."""
    try:
        return {name: BY_NAME[name].checked(value) for name, value in values.items()}
    except ValueError as error:
        raise SettingsError(str(error)) from error


def from_environment(environ: Mapping[str, str]) -> dict[str, Value]:
    """The settings that variables hold; an empty one says nothing. Raises SettingsError."""
    found: dict[str, Value] = {}
    for variable, setting in BY_VARIABLE.items():
        if text := environ.get(variable):
            try:
                found[setting.name] = setting.read(text)
            except ValueError as error:
                raise SettingsError(f"The variable {variable} cannot be used: {error}") from error
    return found


def remarks(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that is nearly a setting's, and none."""
    near = {each: nearest(each) for each in sorted(environ) if each.upper().startswith(PREFIX)}
    return [
        f"The variable {variable} is no setting and changes nothing: did you mean {BY_NAME[name].variable}?"
        for variable, name in near.items()
        if name and variable not in BY_VARIABLE and not variable.startswith(OTHERS)
    ]
