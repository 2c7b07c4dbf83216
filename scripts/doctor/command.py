"""`codexlb doctor`: everything between Codex and the upstream is looked at, and what is wrong is told with its cure."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from codexlb_store.store_error import StoreError
from codexlb_store.vault import VaultError
from scripts.doctor.examination import Step, examine, leaks_step, turn_step, usual_steps
from scripts.doctor.finding import EXIT_CODES, Section, worst
from scripts.doctor.page import print_section, print_troubles, record
from scripts.doctor.patient import Patient
from scripts.sessions.session_error import SessionsError
from scripts.terminal import terminal

INTERRUPTED_CODE = 130
"""As shells have it; 1 would be read as a verdict."""


@contextlib.contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Show on standard error what is being done; nothing where that is no terminal."""
    with Console(stderr=True, markup=False).status(f"{doing} ..."):
        yield


@click.command("doctor")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(exists=True, path_type=Path))
@click.option("--codex-home", type=click.Path(path_type=Path), metavar="DIR", help="Else $CODEX_HOME, or ~/.codex.")
@click.option("--turn", is_flag=True, help="Take one real turn as Codex would; it uses a little quota.")
@click.option("--leaks", is_flag=True, help="Search the data folder, and every PATH, for tokens and keys in the clear.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context, paths: tuple[Path, ...], codex_home: Path | None, turn: bool, leaks: bool, as_json: bool
) -> None:
    """Find out what is wrong, and say which command mends it.

    Looks at the programs, the data folder, every account, Codex's configuration, the proxy that it asks, and the
    servers behind that, and changes nothing. A PATH is a file or folder for --leaks: saved flows, logs.

    The exit code is 0 when all is well, 3 when something should be looked at, 1 when something is wrong.
    """
    if paths and not leaks:
        raise click.UsageError("A PATH is for --leaks only: add that, or leave the PATH out.")
    try:
        patient = Patient(os.environ, codex_home, time.time())
    except (StoreError, VaultError, SessionsError) as error:
        raise click.ClickException(str(error)) from error
    steps = usual_steps(patient)
    steps += [turn_step(patient)] if turn else []
    steps += [leaks_step(patient, paths)] if leaks else []
    try:
        sections = _as_data(steps) if as_json else _as_page(steps)
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        context.exit(INTERRUPTED_CODE)
    context.exit(EXIT_CODES[worst(finding for section in sections for finding in section.findings)])


def _as_data(steps: list[Step]) -> list[Section]:
    sections = list(examine(steps, waiting))
    click.echo(json.dumps(record(sections), indent=2))
    return sections


def _as_page(steps: list[Step]) -> list[Section]:
    console = terminal()
    sections = []
    for section in examine(steps, waiting):
        print_section(console, section)
        sections.append(section)
    print_troubles(console, [finding for section in sections for finding in section.findings])
    return sections
