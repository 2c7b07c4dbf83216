"""Where a report goes: its text comes in, standard output or a file that is never half written has it after."""

from __future__ import annotations

import contextlib
import io
import secrets
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console, RenderableType

from scripts.terminal import terminal


def deliver(text: str, output: Path | None) -> None:
    """Print the text as it is, or put it into the file; one sentence when that cannot be."""
    if output is None:
        _lenient_output()
        click.echo(text, nl=False, color=True)  # what is in it is wanted
        return
    try:
        write_whole(output, text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(
            f"The report cannot be written to {output} ({reason}): give another place."
        ) from error
    click.echo(f"Written to {output}.", err=True)


def drawn(page: Callable[[int], RenderableType], output: Path | None = None) -> str:
    """What a page looks like at the width of this terminal; in colours if it goes there and they are wanted."""
    console = terminal()
    if output is not None:
        console = Console(file=io.StringIO(), width=console.width, color_system=None, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(page(console.width))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def write_whole(path: Path, text: str) -> None:
    """Give the file this content in one step: whoever reads it sees the old one or all of the new one."""
    if path.exists() and not path.is_file():  # a pipe or a device; and of a folder the error says so
        with path.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        return
    target = path.resolve()  # a link stays one
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _lenient_output() -> None:
    """What the encoding of standard output lacks prints as `?`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        with contextlib.suppress(io.UnsupportedOperation):
            sys.stdout.reconfigure(errors="replace")
