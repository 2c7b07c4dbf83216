"""`codexlb sessions list`: under which providers Codex's sessions are."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import click

from scripts.sessions.codex_home import STATE, CodexHome, home_option
from scripts.sessions.databases import load_threads
from scripts.sessions.pages import providers_table, sessions
from scripts.sessions.provider_count import Seen, differing, is_archived, provider_counts
from scripts.sessions.rollout import Head, read_head
from scripts.sessions.rollout_content import ContentError
from scripts.sessions.session_error import SessionsError
from scripts.terminal import terminal

UNREADABLE = "{} cannot be read: {}"


def rollouts_seen(home: CodexHome) -> Iterator[Seen]:
    """All rollouts; what cannot be read is said on standard error and counted without a provider."""
    for path in home.rollouts():
        about = path.stat()
        try:
            head = read_head(path)
        except (OSError, ContentError) as error:
            click.echo(f"Warning: {error}", err=True)
            head = Head(path.name, None, None, None)
        yield Seen(head, about.st_mtime, about.st_size, is_archived(path, home.folder))


@click.command("list")
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(codex_home: Path | None, as_json: bool) -> None:
    """Show how many sessions each provider has.

    With the time of the newest and the size of their files.
    """
    try:
        home = CodexHome.find(codex_home, os.environ)
        found = list(rollouts_seen(home))
        rows = {row.id: row.provider for row in load_threads(home.database(STATE))}
    except SessionsError as error:
        raise click.ClickException(str(error)) from error
    counts, differ = provider_counts(found), differing(found, rows)
    if as_json:
        records = [
            {"provider": each.provider, "sessions": each.sessions, "archived": each.archived, "newest": each.newest,
             "bytes": each.bytes}
            for each in counts
        ]  # fmt: skip
        page = {"version": 1, "codex_home": str(home.folder), "rows": records, "differ_in_database": differ}
        click.echo(json.dumps(page, indent=2))
        return
    if not counts:
        click.echo(f"Codex has no sessions in {home.folder}.")
        return
    terminal().print(providers_table(counts, time.time()))
    if differ:
        click.echo(
            f"\n{sessions(differ)} of these have another provider in Codex's database, so Codex refuses to resume"
            " them: `codexlb sessions retag` brings file and database together."
        )
