"""The Codex CLIs that the tests play with: where each one is, in what it differs, and its set-up by our command."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.codex_cli import QUIET, CodexHome
from tests.end_to_end.stage import Stage, codexlb

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""

VERSION_SECONDS = 30


@dataclass(frozen=True, slots=True)
class CodexVersion:
    """A release of the Codex CLI, and what it does in its own way."""

    name: str
    compacts_at: str
    """Where it has its history compacted, below /backend-api/codex; 0.105 does not say there of which session."""
    lists_models: bool
    """With a ChatGPT login it asks the pool for its models, not chatgpt.com."""
    sends_own_login: bool
    """A ChatGPT login goes to every provider that has no key of its own."""
    retries_404: bool = True
    """An unknown model is asked for five times more, in some six seconds."""
    keeps_offsets: bool = False
    """It has a database of the bytes in its session files, thread_history_1.sqlite."""

    def __str__(self) -> str:
        return self.name

    @property
    def variable(self) -> str:
        """The environment variable that names the program."""
        return "CODEXLB_CODEX_" + self.name.replace(".", "_")

    @property
    def program(self) -> Path:
        """Where it is: its variable says so, or PATH where that is this one; of no use if nothing is there."""
        return Path(os.environ.get(self.variable) or shutil.which("codex") or "codex")

    def why_not_here(self) -> str | None:
        """Why it cannot be played with, None if it can."""
        try:
            told = subprocess.check_output([self.program, "--version"], text=True, timeout=VERSION_SECONDS).strip()
        except (OSError, subprocess.SubprocessError) as error:
            told = str(error)
        if told.startswith(f"codex-cli {self.name}.") or (self is NEWEST and told.startswith("codex-cli ")):
            return None
        return (
            f"Codex CLI {self.name} is not here ({told}): "
            f"npm install @openai/codex@{self.name}.0, and set {self.variable} to its node_modules/.bin/codex"
        )


NEWEST = CodexVersion(
    "0.169", compacts_at="/responses", lists_models=True, sends_own_login=False, retries_404=False, keeps_offsets=True
)
VERSIONS = (
    NEWEST,
    CodexVersion("0.136", compacts_at="/responses/compact", lists_models=True, sends_own_login=True),
    CodexVersion("0.105", compacts_at="/responses/compact", lists_models=False, sends_own_login=True),
)


def set_up(setting: Stage, version: CodexVersion, *arguments: str, name: str = "client") -> CodexHome:
    """Somebody whose config.toml our command has written."""
    client = CodexHome(version.program, setting.folder / name, QUIET, NOWHERE)
    configure(setting, client, "--model", "gpt-5.5", *arguments)
    return client


def configure(setting: Stage, client: CodexHome, *arguments: str) -> None:
    """`codexlb client-config ARGUMENTS --yes`, for the recorder that stands before the proxy."""
    where = ("--codex-home", str(client.folder / ".codex"), "--base-url", setting.before.origin)
    codexlb(setting.folder, "client-config", *where, "--yes", *arguments)
