"""Codex's own folder as it lies there: its config.toml read, its sessions counted."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from scripts.client_config.config_file import ConfigFileError, read_config
from scripts.client_config.meaning import TomlError, meaning
from scripts.client_config.profile import CONFIG
from scripts.doctor.codex_config import Config
from scripts.doctor.sessions import Counted
from scripts.sessions.codex_home import CodexHome
from scripts.sessions.rollout import read_head
from scripts.sessions.rollout_content import ContentError
from scripts.sessions.session_error import SessionsError

COUNT_SECONDS = 5.0
"""Ten thousand sessions take about one."""


def codex_folder(chosen: Path | None, environ: Mapping[str, str]) -> Path:
    """The folder that was chosen, else the one that Codex would use; raises SessionsError."""
    folder = chosen or Path(environ.get("CODEX_HOME") or "~/.codex")
    try:
        found = folder.expanduser()
    except RuntimeError as error:
        raise SessionsError(f"{folder} cannot be found ({error}): choose it with --codex-home.") from error
    return Path(os.path.abspath(found))  # noqa: PTH100 - as people name it, links and all


def see_config(folder: Path) -> Config:
    """What is in config.toml."""
    path = folder / CONFIG
    try:
        file = read_config(path)
        return Config(path, None if file.content is None else meaning(file.text))
    except TomlError as error:
        return Config(path, None, f"{path} is not TOML ({error}), so Codex does not start.")
    except ConfigFileError as error:
        return Config(path, None, str(error))


def see_sessions(folder: Path, environ: Mapping[str, str]) -> Counted:
    """How many threads each provider has, by what line 1 of their files says; archived ones are left out."""
    deadline = time.monotonic() + COUNT_SECONDS
    threads: dict[str, str] = {}
    try:
        home = CodexHome.find(folder, environ)
    except SessionsError:
        return Counted(Counter(), True)
    for path in home.rollouts():
        if path.is_relative_to(home.folder / "archived_sessions"):
            continue
        if time.monotonic() > deadline:
            return Counted(Counter(threads.values()), False)
        try:
            head = read_head(path)
        except (OSError, ContentError):
            continue
        if head.provider:
            threads[head.thread or head.rollout] = head.provider
    return Counted(Counter(threads.values()), True)
