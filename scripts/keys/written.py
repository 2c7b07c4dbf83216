"""What a person writes on the command line: a parser that raises ValueError goes in, one for click comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

Value = TypeVar("Value")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def written(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Reads a value with this parser; the sentence of its ValueError is a mistake of use."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return read
