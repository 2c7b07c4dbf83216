"""`codexlb sessions retag`: sessions of one provider appear under another."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from codexlb_store.home import home_folder
from codexlb_store.store_error import StoreError
from scripts.asking import agree, yes_option
from scripts.keys.written import written
from scripts.sessions.codex_home import CodexHome, home_option
from scripts.sessions.guard import alone
from scripts.sessions.notes import Change
from scripts.sessions.pages import change_table, sessions, trouble
from scripts.sessions.planning import plan
from scripts.sessions.progress import progress
from scripts.sessions.retag import make_change, refuse_unfinished
from scripts.sessions.run import Header, Run, Stage, begin, load_runs, stamp_at
from scripts.sessions.running_codex import users
from scripts.sessions.session_error import SessionsError
from scripts.sessions.survey import Sizes, Survey, survey
from scripts.since import parse_since
from scripts.terminal import terminal


def provider_name(text: str) -> str:
    """The name of a provider as Codex has it; raises ValueError."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{text!r} is no text that a file can hold.") from error
    if not text:
        raise ValueError("A provider has a name, such as openai or codex-lb.")
    return text


def look(home: CodexHome, was: str, becomes: str, since: float | None) -> tuple[Survey, Change]:
    """Read all sessions, and what is to change in them; raises SessionsError."""
    sizes = Sizes.of(home)
    with progress("Reading", sizes.total) as advance:
        found = survey(sizes.paths, was, json.dumps(becomes, ensure_ascii=False).encode(), since, advance)
    return found, plan(home, found, was, since)


def show(home: CodexHome, found: Survey, change: Change) -> None:
    """Print what is to change, and what cannot be read."""
    terminal().print(change_table(home, change))
    for sentence in trouble(found):
        click.echo(f"\n{sentence}", err=True)


def dry_run(home: CodexHome, was: str, becomes: str, since: float | None) -> None:
    """Show what a retag would do."""
    found, change = look(home, was, becomes, since)
    if not change.sessions:
        say_nothing_to_do(home, was, found)
        return
    click.echo(f"Would retag {sessions(change.sessions)} from {was} to {becomes} in {home.folder}:\n")
    show(home, found, change)
    if running := users(home):
        click.echo(f"\nCodex is running there ({', '.join(running)}): end it before you retag.", err=True)


def retag(home: CodexHome, header: Header, since: float | None, yes: bool) -> Run | None:
    """Retag after asking; None if there is nothing to do. Raises SessionsError."""
    found, change = look(home, header.was, header.becomes, since)
    if not change.sessions:
        say_nothing_to_do(home, header.was, found)
        return None
    click.echo(f"Retagging changes in {home.folder}:\n")
    show(home, found, change)
    click.echo()
    agree(f"Retag {sessions(change.sessions)} from {header.was} to {header.becomes}?", yes)
    header = replace(header, sessions=change.sessions)
    run = begin(home_folder(os.environ), header, change)
    return make_change(run, change)


def say_nothing_to_do(home: CodexHome, was: str, found: Survey) -> None:
    """That no session is of this provider, and of which there are some."""
    others = sorted({head.provider for head in found.heads.values() if head.provider})
    there = f" There are some of {', '.join(others)}." if others else ""
    click.echo(f"No session in {home.folder} is of the provider {was}: nothing to retag.{there}")


@click.command("retag")
@click.option("--from", "was", type=written(provider_name), required=True, metavar="PROVIDER", help="Such as openai.")
@click.option(
    "--to", "becomes", type=written(provider_name), required=True, metavar="PROVIDER", help="Such as codex-lb."
)
@home_option
@click.option("--since", metavar="TIME", help="Only sessions used since then: 30d, 24h, 2026-01-31.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would change.")
@yes_option
def command(was: str, becomes: str, codex_home: Path | None, since: str | None, is_dry: bool, yes: bool) -> None:
    """Make sessions of one provider appear under another.

    Changes the provider's name in Codex's session files and databases, and nothing else. Either everything is changed
    or nothing, and `undo` puts it back. Codex must not run meanwhile.
    """
    if was == becomes:
        raise click.UsageError(f"--from and --to are both {was}.")
    now = time.time()
    try:
        from_time = None if since is None else parse_since(since, now, None)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--since'") from error
    try:
        home = CodexHome.find(codex_home, os.environ)
        refuse_unfinished(home, load_runs(home_folder(os.environ)))
        if is_dry:
            dry_run(home, was, becomes, from_time)
            return
        folders = str(home.folder), str(home.databases)
        header = Header(stamp_at(now), *folders, was, becomes, now, 0, Stage.CHANGING)
        with alone(home):
            run = retag(home, header, from_time, yes)
    except (SessionsError, StoreError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("Everything is as it was.", err=True)
        sys.exit(1)
    if run:
        click.echo(f"Retagged {sessions(run.header.sessions)} from {was} to {becomes}.")
        click.echo(f"To put that back: codexlb sessions undo {run.header.stamp}")
