"""The real Codex CLI takes the simulator for ChatGPT."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Fault
from scripts.simulator.journal import Entry

pytestmark = pytest.mark.codex

CODEX_SECONDS = 90

CONFIG = """
model = "gpt-5.5"
model_provider = "simulated"
check_for_update_on_startup = false

[model_providers.simulated]
name = "OpenAI"
base_url = "{origin}/backend-api/codex"
wire_api = "responses"
env_key = "SIMULATED_TOKEN"

[analytics]
enabled = false

[features]
plugins = false
apps = false
"""

SHELL_CALL = {
    "type": "function_call",
    "name": "exec_command",
    "call_id": "call_1",
    "arguments": json.dumps({"cmd": "echo from the shell"}),
}


class CodexCli:
    """`codex exec` with a home and a working folder of its own, logged in as one simulated account."""

    def __init__(self, program: Path, folder: Path, sim: SimulatorProcess, account: str) -> None:
        self._program, self._work, home = program, folder / "work", folder / "codex"
        self._work.mkdir()
        home.mkdir()
        (home / "config.toml").write_text(CONFIG.format(origin=sim.origin))
        token = json.loads(sim.auth_json(account))["tokens"]["access_token"]
        self._environ = {**os.environ, "HOME": str(home), "CODEX_HOME": str(home), "SIMULATED_TOKEN": token}

    def exec(self, *arguments: str) -> list[dict[str, Any]]:
        """Runs one turn; returns the items it completed."""
        switches = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"]
        done = subprocess.run(
            [self._program, "exec", *switches, "-C", self._work, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CODEX_SECONDS,
            env=self._environ,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Reconnecting" not in done.stdout
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return [event["item"] for event in events if event["type"] == "item.completed"]


@pytest.fixture
def cli(codex: Path, simulator: SimulatorProcess, tmp_path: Path) -> CodexCli:
    return CodexCli(codex, tmp_path, simulator, "plus-1")


def turns(sim: SimulatorProcess) -> list[Entry]:
    return [entry for entry in sim.log() if entry.path.endswith("/responses")]


def test_two_turns_of_one_session(cli: CodexCli, simulator: SimulatorProcess) -> None:
    items = [*cli.exec("say hi"), *cli.exec("resume", "--last", "again")]
    first, second = turns(simulator)

    assert [item["text"] for item in items] == [first.text, second.text]
    assert first.header("session-id") == second.header("session-id")
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.cached_tokens == first.usage.input_tokens


def test_a_command_then_a_compaction_in_one_turn(cli: CodexCli, simulator: SimulatorProcess) -> None:
    simulator.script(Fault(items=(SHELL_CALL,), usage={"input_tokens": 90_000}))
    items = cli.exec("-c", "model_auto_compact_token_limit=20000", "run it")
    call, compaction, answer = turns(simulator)

    assert [item["type"] for item in items] == ["command_execution", "agent_message"]
    assert items[0]["aggregated_output"] == "from the shell\n"
    assert items[1]["text"] == answer.text
    assert json.loads(compaction.body or b"")["input"][-1] == {"type": "compaction_trigger"}
    assert compaction.header("x-codex-turn-state") is not None
    assert call.header("x-codex-turn-state") is None
    assert any(item["type"] == "compaction" for item in json.loads(answer.body or b"")["input"])
