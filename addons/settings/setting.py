"""A setting: its name, kind, default and meaning, and how a value that somebody gave becomes what the proxy goes by."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Value = str | int
"""As it stands in a file or in an option of mitmproxy."""

T = TypeVar("T")
Choice = TypeVar("Choice", bound=enum.StrEnum)

MOST = 1_000_000_000
"""Of any number: thirty years of seconds. What is larger is a slip, and would overflow where it is used."""


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One thing that people may decide; `check` turns a value into what the proxy goes by, or raises ValueError with
    one sentence: which setting, which value, what to give."""

    name: str
    kind: type[str] | type[int]
    default: Value
    meaning: str
    check: Callable[[Any], T]
    choices: tuple[str, ...] = ()
    is_live: bool = True
    """Whether a running proxy can take another value over."""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        prefix = "" if self.name.startswith("codexlb_") else "CODEXLB_"
        return prefix + self.name.upper()

    def read(self, text: str) -> Value:
        """The value that a person wrote on a command line or in a variable; raises ValueError with one sentence."""
        if self.kind is str:
            return self.checked(text)
        try:
            number = int(text)
        except ValueError as error:
            raise ValueError(f"{self.name} is {_shown(text)}: give a whole number.") from error
        return self.checked(number)

    def checked(self, value: object) -> Value:
        """The value as it is in a TOML file, if it is a good one; raises ValueError with one sentence."""
        if not isinstance(value, self.kind) or isinstance(value, bool):
            wanted = "a text in quotes" if self.kind is str else "a whole number"
            raise ValueError(f"{self.name} is {_shown(value)}: give {wanted}.")
        self.check(value)
        return value


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as TOML has it
    if isinstance(value, dict):
        return "a table"
    return repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"


def whole_number(
    name: str, default: int, meaning: str, *, least: int, wanted: str, is_live: bool = True, most: int = MOST
) -> Setting[int]:
    """A setting that is a number from `least` on; `wanted` says so in words."""

    def check(value: int) -> int:
        if not least <= value <= most:
            raise ValueError(f"{name} is {value}: give {wanted if value < least else f'{most} or less'}.")
        return value

    return Setting(name, int, default, meaning, check, is_live=is_live)


def one_of(name: str, default: Choice, meaning: str) -> Setting[Choice]:
    """A setting that is one of a closed set."""
    choices = type(default)

    def check(value: str) -> Choice:
        try:
            return choices(value)
        except ValueError as error:
            raise ValueError(f"{name} is {value!r}: give one of {', '.join(choices)}.") from error

    return Setting(name, str, default.value, meaning, check, choices=tuple(choices))


def text(name: str, default: str, meaning: str, parse: Callable[[str], T], is_live: bool = True) -> Setting[T]:
    """A setting that is a text; what `parse` says of a bad one comes behind the name."""

    def check(value: str) -> T:
        if not value.isprintable():
            raise ValueError(f"{name} is {value!r}: give it without line ends and other control characters.")
        try:
            return parse(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    return Setting(name, str, default, meaning, check, is_live=is_live)
