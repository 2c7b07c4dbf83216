"""A bar for long work on sessions, on standard error and only at a terminal: bytes done go in."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from scripts.sessions.survey import Advance


@contextlib.contextmanager
def progress(doing: str, total: int) -> Iterator[Advance]:
    """Shows how much of so many bytes is done, under these words; the bar is gone at the end."""
    console = Console(file=sys.stderr)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(doing, total=total)
        yield lambda size: shown.advance(task, size)
