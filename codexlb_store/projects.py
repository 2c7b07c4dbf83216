"""Projects: the git remote or path that a client names goes in, an id that tells nobody which comes out; and names.

The ledger has the ids alone. Names are what people gave them, and are kept on this machine.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlite_utils import Database

ID_CHARACTERS = 12
LONGEST_NAME = 64
MOST_KNOWN = 10
"""So many projects a message names; more would hide what it says."""

PROJECT_ID = re.compile(rf"[0-9a-f]{{{ID_CHARACTERS}}}")

# user@host:path, as git and scp write it; a letter before the colon is a drive, and no host has a slash.
_SCP = re.compile(r"(?:[^/@]*@)?(?P<host>\[[^]]+\]|[^/:@]{2,}):(?P<path>(?!//).+)")

_NAME = "INSERT INTO projects (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name"
_USES = """
    SELECT ids.id, name, coalesce(requests, 0), last_used_at
    FROM (SELECT id FROM projects UNION SELECT project FROM sums WHERE project != '') AS ids
        LEFT JOIN projects ON projects.id = ids.id
        LEFT JOIN (
            SELECT project, sum(requests) AS requests, max(quarter) AS last_used_at FROM sums GROUP BY project
        ) ON project = ids.id
    ORDER BY last_used_at DESC, ids.id
"""


class ProjectNameError(ValueError):
    """The name means no project, or does not do; the message is one sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class ProjectUse:
    """A project: its name, if a person gave it one, and what the ledger's sums know of it.

    `last_used_at` is unix seconds, to the quarter of an hour; None where only the name is left.
    """

    id: str
    name: str | None
    requests: int
    last_used_at: float | None


def project_id(remote: str | None, path: str | None) -> str | None:
    """The id of the project with this git remote, else in this folder; None when neither is known."""
    known = normal_remote(remote or "") or normal_path(path or "")
    return hashlib.sha256(known.encode()).hexdigest()[:ID_CHARACTERS] if known else None


def normal_remote(remote: str) -> str:
    """A git remote without what differs between two clones: host/path, or a path alone for one on this machine.

    Scheme, credentials, port, `.git` and the case of the host are gone.
    """
    remote = remote.strip()
    host, path = "", remote
    if "://" in remote:
        host, path = _of_url(remote)
    elif found := _SCP.fullmatch(remote):
        host, path = found["host"].strip("[]"), found["path"]
    path = path.rstrip("/").removesuffix(".git").rstrip("/")
    return f"{host.lower()}/{path.lstrip('/')}" if host and path else path


def _of_url(remote: str) -> tuple[str, str]:
    try:
        parts = urlsplit(remote)
        return parts.hostname or "", parts.path
    except ValueError:  # brackets that hold no address
        return "", remote.partition("://")[2].rpartition("@")[2]


def normal_path(path: str) -> str:
    """A folder without slashes at its end."""
    path = path.strip()
    return path.rstrip("/") or path[:1]


def load_projects(db: Database) -> dict[str, str]:
    """The names that people gave to projects, by id."""
    return dict(db.execute("SELECT id, name FROM projects"))


def project_uses(db: Database) -> list[ProjectUse]:
    """Every project that was used or has a name, the latest used first."""
    return [ProjectUse(*row) for row in db.execute(_USES)]


def name_project(db: Database, project: str, name: str) -> None:
    """Call a project by this name in reports; raises ProjectNameError when another one has it or it does not do."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or PROJECT_ID.fullmatch(name.casefold()):
        raise ProjectNameError(
            f"The name {name!r} does not do: give 1 to {LONGEST_NAME} printable characters that are no project's id."
        )
    try:
        with db.atomic():
            db.execute(_NAME, (project, name))
    except sqlite3.IntegrityError as error:
        raise ProjectNameError(f"Another project is called {name!r} already: choose another name.") from error


def forget_project(db: Database, project: str) -> bool:
    """Take a project's name away; what it used stays under its id. False when it had none."""
    with db.atomic():
        return bool(db.execute("DELETE FROM projects WHERE id = ?", (project,)).rowcount)


def find_project(known: Mapping[str, str | None], text: str) -> str | None:
    """The id of the project of this id or name, else of this beginning of one; None for none or several.

    `known` are names by id, None for those without.
    """
    wanted = text.strip().casefold()
    words = {project: (project, (name or project).casefold()) for project, name in known.items()}
    found = [project for project, meant in words.items() if wanted in meant]
    if not found and wanted:
        found = [project for project, meant in words.items() if any(word.startswith(wanted) for word in meant)]
    return found[0] if len(found) == 1 else None


def unknown_project(known: Mapping[str, str | None], text: str) -> ProjectNameError:
    """Why a text means no project of these, in one sentence."""
    if not known:
        return ProjectNameError(f"There is no project {text!r}, nor any other: requests tell theirs as they come.")
    shown = [name or project for project, name in known.items()]
    more = f" and {len(shown) - MOST_KNOWN} more" if len(shown) > MOST_KNOWN else ""
    return ProjectNameError(
        f"{text!r} means no project, or several: give one of {', '.join(shown[:MOST_KNOWN])}{more}."
    )
