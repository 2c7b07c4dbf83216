"""`codexlb projects`: names for what the ledger knows by hashes of git remotes and folders only."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click
from rich.table import Column, Table
from rich.text import Text
from sqlite_utils import Database

from codexlb_store.projects import (
    PROJECT_ID,
    ProjectNameError,
    ProjectUse,
    find_project,
    forget_project,
    name_project,
    project_uses,
    unknown_project,
)
from codexlb_store.quantity import age, count
from scripts.data_folder import data_folder
from scripts.place import Place, place_of
from scripts.terminal import figures, table, terminal

NO_PROJECTS = "No projects yet: they come with the requests of clients that tell theirs, as Codex does in a git folder."

UNNAMED = "no name yet"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group("projects")
def command() -> None:
    """See projects and give them names.

    The ledger does not know what you work on: it has hashes of git remotes, or of folders where there is no remote.
    Names stay on this machine.
    """


@command.command("list")
@json_option
def list_projects(as_json: bool) -> None:
    """Show the projects that were used, the latest first."""
    with data_folder() as folder:
        found = project_uses(folder.db)
    if as_json:
        click.echo(json.dumps([asdict(project) for project in found], indent=2))
    elif found:
        terminal().print(projects_table(found, time.time()))
    else:
        click.echo(NO_PROJECTS)


@command.command("name")
@click.argument("project", metavar="PROJECT")
@click.argument("name")
def give_name(project: str, name: str) -> None:
    """Call a project by a name in all reports.

    PROJECT is its id or its name so far, or the beginning of one, or a git remote, or a folder: of a folder in a git
    repository its remote counts, as it does in requests.
    """
    with data_folder() as folder, folder.changing():
        found, said = meant(folder.db, project)
        try:
            name_project(folder.db, found, name)
        except ProjectNameError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{said} is called {name.strip()} now.")


@command.command("forget")
@click.argument("projects", nargs=-1, required=True, metavar="PROJECT...")
def forget(projects: tuple[str, ...]) -> None:
    """Take the names of projects away.

    What they used stays in reports, under the id. PROJECT is as for `name`.
    """
    with data_folder() as folder, folder.changing():
        found = dict(meant(folder.db, project) for project in projects)
        told = [_forget(folder.db, project, said) for project, said in found.items()]
    for line in told:
        click.echo(line)


def _forget(db: Database, project: str, said: str) -> str:
    return f"{said} has no name any more." if forget_project(db, project) else f"{said} had no name."


def meant(db: Database, text: str) -> tuple[str, str]:
    """The id of the project that a person means, and what a message calls it; else one sentence ends the command."""
    uses = {use.id: use for use in project_uses(db)}
    known = {project: use.name for project, use in uses.items()}
    found = find_project(known, text)
    if found is None and PROJECT_ID.fullmatch(text.strip().casefold()):
        found = text.strip().casefold()
    if found is not None:
        return found, f"{known.get(found) or 'Project'} ({found})"
    place = place_of(text)
    if place is None:
        raise click.ClickException(str(unknown_project(known, text)))
    chosen = _chosen(place, known)
    return chosen, f"{place.said_of(chosen)} ({chosen})"


def _chosen(place: Place, known: dict[str, str | None]) -> str:
    """Of the ids that a place may have in requests the one that was seen, else the one it will have."""
    return next((project for project in place.ids if project in known), place.ids[0])


def projects_table(projects: list[ProjectUse], now: float) -> Table:
    """One row per project."""
    found = table(Column("Project", overflow="fold"), Column("Id", no_wrap=True), figures("Requests"), figures("Used"))
    for project in projects:
        name = Text(project.name, "bold") if project.name else Text(UNNAMED, "dim")
        used = f"{age(now - project.last_used_at)} ago" if project.last_used_at is not None else "not lately"
        found.add_row(name, project.id, count(project.requests), used)
    return found
