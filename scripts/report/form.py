"""In which form a report is wanted: options come from a command line, a form and a file come out."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click


class Form(enum.Enum):
    """What a report is for: people's eyes, programs, spreadsheets, documents."""

    TABLE = "table"
    JSON = "--json"
    CSV = "--csv"
    MARKDOWN = "--md"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form of a report, and the file it goes to (None: standard output)."""

    form: Form = Form.TABLE
    output: Path | None = None


_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table."),
    click.option("--csv", "as_csv", is_flag=True, help="Print CSV for spreadsheets."),
    click.option("--md", "as_markdown", is_flag=True, help="Print a Markdown table."),
    click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file instead."),
)


def form_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --json, --csv, --md and --output; it takes them together as `wanted`."""

    @functools.wraps(command)
    def taking(
        *arguments: Any, as_json: bool, as_csv: bool, as_markdown: bool, output: Path | None, **others: Any
    ) -> Any:
        chosen = {Form.JSON: as_json, Form.CSV: as_csv, Form.MARKDOWN: as_markdown}
        forms = [form for form, is_asked in chosen.items() if is_asked]
        if len(forms) > 1:
            raise click.UsageError(f"{' and '.join(form.value for form in forms)} exclude each other: choose one.")
        return command(*arguments, wanted=Wanted(forms[0] if forms else Form.TABLE, output), **others)

    return functools.reduce(lambda found, option: option(found), reversed(_OPTIONS), taking)
