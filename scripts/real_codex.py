"""The real Codex CLI, run once against a proxy and away from everything of the person's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RUN_SECONDS = 20

CONFIG = """\
model = "gpt-5.5"
model_provider = "codex-lb"
check_for_update_on_startup = false

[model_providers.codex-lb]
name = "OpenAI"
base_url = "{origin}/backend-api/codex"
wire_api = "responses"

[analytics]
enabled = false

[features]
plugins = false
apps = false
"""
"""Leaves only the model's requests, and those go to the proxy."""

ARGUMENTS = (
    *("exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
    *("--disable", "unbounded_connection_retries"),
)


class CodexError(Exception):
    """The turn failed; the message is one sentence."""


def answer(lines: Iterable[str]) -> str:
    """The text of the turn in the JSON lines that `codex exec` prints; raises CodexError unless it completed."""
    events: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
    if not any(event["type"] == "turn.completed" for event in events):
        errors = [str(event["message"]) for event in events if event["type"] == "error"]
        raise CodexError(f"codex exec did not complete its turn: {errors[-1] if errors else 'it said nothing.'}")
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    return "\n".join(item["text"] for item in items if item["type"] == "agent_message")


async def ask_codex(codex: str, origin: str, folder: Path, prompt: str) -> str:
    """Let this Codex CLI take one turn through the proxy at `origin`, at home in `folder`; raises CodexError."""
    work = folder / "work"
    work.mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG.format(origin=origin), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        codex,
        *ARGUMENTS,
        *("-C", str(work), prompt),
        env={**os.environ, "HOME": str(folder), "CODEX_HOME": str(folder), "NO_PROXY": "127.0.0.1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # its children with it: the npm package starts the program proper
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), RUN_SECONDS)
    except TimeoutError as error:
        raise CodexError(f"codex exec was not done after {RUN_SECONDS} seconds.") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return answer(output.decode(errors="replace").splitlines())
