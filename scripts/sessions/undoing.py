"""`codexlb sessions undo`: what a retag changed is put back."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from codexlb_store.home import home_folder
from codexlb_store.store_error import StoreError
from scripts.sessions.guard import alone
from scripts.sessions.pages import runs_table, sessions
from scripts.sessions.retag import put_back, refuse_undone
from scripts.sessions.run import Run, load_runs
from scripts.sessions.session_error import SessionsError
from scripts.sessions.way_back import WayBack
from scripts.terminal import terminal


def named(runs: list[Run], stamp: str) -> Run:
    """The run of this stamp; raises SessionsError."""
    for run in runs:
        if run.header.stamp == stamp:
            return run
    there = f"there are {', '.join(run.header.stamp for run in runs)}" if runs else "there are none"
    raise SessionsError(f"No run has the stamp {stamp}: {there}.")


def undo(run: Run, home: Path) -> WayBack:
    """Put back what the run changed, with nobody else at work there; raises SessionsError."""
    with alone(run.home):
        refuse_undone(run, home)
        return put_back(run)


def say(run: Run, found: WayBack) -> None:
    """What was put back, and what was not."""
    header = run.header
    click.echo(f"Put back {sessions(found.change.sessions)} from {header.becomes} to {header.was}.")
    if found.gone:
        click.echo(f"{sessions(len(found.gone))} deleted since: passed over.", err=True)
    if found.other:
        click.echo(f"{sessions(len(found.other))} changed otherwise since, and left alone:", err=True)
        for path in found.other:
            click.echo(f"  {path}", err=True)
    if found.used:
        click.echo(
            f"{sessions(len(found.used))} used since: what was added stays as it is and names {header.becomes}. Resume"
            f" such a session under {header.was} once: until then Codex would take {header.becomes} for its provider"
            " if it lost its database.",
            err=True,
        )


@click.command("undo")
@click.argument("stamp", required=False)
def command(stamp: str | None) -> None:
    """Put back what a retag changed; without STAMP, show the retags there were.

    Nothing that came later is lost: sessions keep the lines they got since.
    """
    try:
        home = home_folder(os.environ)
        runs = load_runs(home)
        if stamp is None:
            if runs:
                terminal().print(runs_table(runs, time.time()))
            else:
                click.echo("No sessions were retagged yet.")
            return
        run = named(runs, stamp)
        found = undo(run, home)
    except SessionsError as error:
        raise click.ClickException(str(error)) from error
    except (StoreError, OSError) as error:
        raise click.ClickException(str(error)) from error
    say(run, found)
