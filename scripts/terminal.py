"""Where people read: a rich console on standard output, and the one look of all tables on it."""

from __future__ import annotations

import contextlib
import io
import sys

from rich import box
from rich.console import Console
from rich.table import Column, Table

USUAL_COLUMNS = 80

GAP = 2
"""Blanks between two columns of a table: one of padding and one where the box has no line."""


def terminal() -> Console:
    """A console on standard output, true to COLUMNS and NO_COLOR; what its encoding lacks prints as `?`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        with contextlib.suppress(io.UnsupportedOperation):
            sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.width:  # COLUMNS=0, which is to say that it is not known
        console.width = USUAL_COLUMNS
    return console


def table(*columns: Column, leading: int = 0, show_footer: bool = False) -> Table:
    """A table with lines only below its head and above its foot, and `leading` blank lines between rows."""
    return Table(
        *columns,
        box=box.SIMPLE,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        leading=leading,
        show_footer=show_footer,
        header_style="dim",
        footer_style="bold",
    )


def figures(heading: str, footer: str = "") -> Column:
    """A column of numbers: flush right and never broken."""
    return Column(heading, footer, justify="right", no_wrap=True)
