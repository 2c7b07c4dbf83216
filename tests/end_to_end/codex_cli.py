"""The real Codex CLI with a home of its own: configuration and prompt in, what it did and said out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TURN_SECONDS = 60
"""A turn against the simulator takes one; with all of its visible retries some 25."""

OPTIONS = ("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json")
QUIET = """
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
apps = false
"""


def provider(name: str, origin: str, extra: str = "") -> str:
    """A custom provider, as the README tells people to configure it."""
    return f"""model = "gpt-5.5"
model_provider = "codex-lb"
{QUIET}
[model_providers.codex-lb]
name = "{name}"
base_url = "{origin}/backend-api/codex"
wire_api = "responses"
{extra}
"""


def builtin(origin: str) -> str:
    """The built-in provider with another address: it tries a WebSocket first."""
    return f'model = "gpt-5.5"\nopenai_base_url = "{origin}/backend-api/codex"\n{QUIET}'


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of `codex exec --json`."""

    exit_code: int
    events: tuple[dict[str, Any], ...]
    stderr: str

    @property
    def text(self) -> str:
        """What the assistant said."""
        return "\n".join(item["text"] for item in self._items() if item.get("type") == "agent_message")

    @property
    def seen(self) -> tuple[int, str]:
        """What a person has in the end: the exit code, and the answer or what the turn failed of."""
        failed = [event["error"]["message"] for event in self.events if event["type"] == "turn.failed"]
        return self.exit_code, "\n".join(failed) or self.text

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """Everything that a person would see as trouble: reconnects, errors, a failed turn."""
        shown = [event for event in self.events if event["type"] in ("error", "turn.failed")]
        return shown + [item for item in self._items() if item.get("type") == "error"]

    def _items(self) -> list[dict[str, Any]]:
        return [event["item"] for event in self.events if event["type"] == "item.completed"]


class CodexHome:
    """`codex` with its own HOME and CODEX_HOME; of all hosts it reaches loopback only.

    `nowhere` is a closed port on loopback, named to the client as its proxy for https: base URLs here are
    plain http, everything else that it knows of is https.
    """

    def __init__(self, codex: Path, folder: Path, config: str, nowhere: str) -> None:
        self.codex = codex
        self.folder = folder
        self.nowhere = nowhere
        self.variables: dict[str, str] = {}
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        (folder / ".codex").mkdir()
        (folder / ".codex" / "config.toml").write_text(config)

    def log_in(self, auth_json: str) -> None:
        """Puts a ChatGPT login there, as `codex login` would."""
        (self.folder / ".codex" / "auth.json").write_text(auth_json)

    def turn(self, *arguments: str) -> Turn:
        """`codex exec ARGUMENTS`: the prompt, or `resume --last` and the prompt."""
        started = subprocess.Popen(
            [self.codex, "exec", *OPTIONS, "-C", self.work, *arguments],
            env=self.environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            output, complaint = started.communicate(timeout=TURN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)  # the npm package's `codex` is a launcher with a child
            output, complaint = started.communicate()
        events = tuple(json.loads(line) for line in output.splitlines() if line.startswith("{"))
        return Turn(started.returncode, events, complaint)

    def environment(self) -> dict[str, str]:
        """The variables that its processes have, and no others."""
        home = {
            "HOME": str(self.folder),
            "CODEX_HOME": str(self.folder / ".codex"),
            "PATH": os.environ["PATH"],
        }
        return home | {"HTTPS_PROXY": self.nowhere, "https_proxy": self.nowhere} | self.variables
