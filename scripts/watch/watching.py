"""`codexlb report --watch`: a terminal is taken over, drawn on until somebody ends it, and given back as it was."""

from __future__ import annotations

import datetime
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import click
from click.core import ParameterSource
from rich.console import Group
from rich.live import Live

from codexlb_store.home import DATABASE_NAME, home_folder
from codexlb_store.read_only import open_read_only
from codexlb_store.store_error import StoreError
from scripts.data_folder import DataFolder, trouble
from scripts.report.span import parse_zone
from scripts.terminal import terminal
from scripts.watch.keyboard import Keyboard
from scripts.watch.picture import Picture

GLANCE_SECONDS = 0.5
"""How often it is asked whether the store has changed."""

NO_TERMINAL = "--watch draws on a terminal, and this is none: leave it out, or start it where you can see it."
NO_STORE = "There is nothing to watch yet: add an account with `codexlb accounts login` and start `codexlb serve`."
OTHER_VERSION = "The database is of another version of Codex-LB: `codexlb report` without --watch says what to do."

GO_WITH_WATCH = frozenset({"watching", "tz"})

SIGNALLED = 128
"""Added to the number of a signal it is the exit code of who was ended by it."""


def start(context: click.Context, tz: str | None) -> int:
    """Watch with clock times of this zone, unless other options ask for what no watch can give; the exit code."""
    for parameter in context.command.params:
        is_given = context.get_parameter_source(parameter.name or "") is not ParameterSource.DEFAULT
        if is_given and parameter.name not in GO_WITH_WATCH:
            raise click.UsageError(f"--watch shows everything there is, as it is now: leave out {parameter.opts[0]}.")
    try:
        zone = None if tz is None else parse_zone(tz)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--tz") from error
    return watch(zone)


def watch(zone: datetime.tzinfo | None) -> int:
    """Show the pool until a key or a signal ends it; returns the exit code.

    Raises click's error with one sentence where there is no terminal or no store.
    """
    console = terminal()
    if not (sys.stdin.isatty() and console.is_terminal and not console.is_dumb_terminal):
        raise click.ClickException(NO_TERMINAL)
    with _folder() as folder, Keyboard.open(sys.stdin.fileno()) as keyboard, _until_closed(keyboard):
        picture = Picture(folder, zone, time.time())  # trouble with the store is told before the screen changes
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while keyboard.ended_by is None:
                if picture.draw(time.time(), console.width, console.height):
                    live.update(Group(*picture.lines), refresh=True)
                if not picture.press(keyboard.keys(GLANCE_SECONDS)):
                    return 0
                picture.refresh(time.time())
    return 0 if keyboard.ended_by is signal.SIGINT else SIGNALLED + int(keyboard.ended_by)


@contextmanager
def _until_closed(keyboard: Keyboard) -> Iterator[None]:
    """What cannot be drawn any more because the terminal was closed is no trouble."""
    try:
        yield
    except OSError:
        if keyboard.ended_by is not signal.SIGHUP:
            raise


@contextmanager
def _folder() -> Iterator[DataFolder]:
    """The data folder, to be read only; click's error with one sentence for trouble with it."""
    try:
        home = home_folder(os.environ)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    path = home / DATABASE_NAME
    if not path.exists():
        raise click.ClickException(NO_STORE)
    try:
        with closing(open_read_only(home)) as db:
            yield DataFolder(home, db)
    except sqlite3.Error as error:
        raise click.ClickException(OTHER_VERSION if "no such" in str(error) else trouble(path, error)) from error
