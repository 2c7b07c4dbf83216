"""Where a project is, as a person says it: a git remote or a folder goes in, the ids it may have come out."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from codexlb_store.projects import normal_remote, project_id

GIT_SECONDS = 5
"""It reads a file or two; a network drive may take its time."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a project may be known by in requests: its git remote without credentials, and its folder."""

    remote: str | None
    folder: str | None

    @property
    def ids(self) -> list[str]:
        """The ids it may have, the one that counts first."""
        found = (project_id(self.remote, None), project_id(None, self.folder))
        return [one for one in found if one is not None]

    def said_of(self, project: str) -> str:
        """What the project of one of these ids is called here."""
        return self.remote if self.remote and project == project_id(self.remote, None) else self.folder or ""


def place_of(text: str) -> Place | None:
    """The place that a person means by a git remote or a folder; None when it is neither."""
    text = text.strip()
    folder = Path(text).expanduser() if text.startswith("~/") else Path(text)
    if text and folder.is_dir():
        top = _git(folder, "rev-parse", "--show-toplevel")
        return Place(remote_of(folder) if top else None, top or str(folder.resolve()))
    if text.startswith(("/", "~/", "./", "../")) and ":" not in text:
        return Place(None, str(folder.absolute()))  # a folder of another machine
    return Place(normal_remote(text), None) if ":" in text or text.count("/") >= 2 else None


def remote_of(folder: Path) -> str | None:
    """The git remote of a folder without its credentials: origin, else the first one there is."""
    names = (_git(folder, "remote") or "").splitlines()
    if not names:
        return None
    url = _git(folder, "remote", "get-url", "origin" if "origin" in names else names[0])
    return normal_remote(url or "") or None


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says of a folder; None without git, or when it is none of its folders."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - git itself, and a folder that is there
            [git, "-C", str(folder), *arguments], capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
