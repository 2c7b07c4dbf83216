"""Sessions of the real Codex CLI, retagged: listed and resumed with their whole history, and put back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scripts.simulator.client import SimulatorProcess
from tests.conftest import StartProxy
from tests.end_to_end.codex_cli import CodexHome, builtin, provider
from tests.end_to_end.session_server import SessionServer
from tests.processes import command, run

pytestmark = pytest.mark.codex

Client = Callable[[str], CodexHome]

LONG = "pool-" + 60 * "of-my-own-"
"""With this name in ten places, whatever still points to bytes as they were points past whole messages."""


class Sessions:
    """A Codex CLI that changes its provider, and `codexlb sessions` on its folder."""

    def __init__(self, codex: CodexHome, origin: str, simulator: SimulatorProcess) -> None:
        self.codex = codex
        self.folder = codex.folder / ".codex"
        custom = provider("OpenAI", origin)
        self._configs = {"openai": builtin(origin), "codex-lb": custom, LONG: custom.replace("codex-lb", LONG)}
        self._simulator = simulator

    def use(self, name: str) -> None:
        """Let config.toml name this provider."""
        (self.folder / "config.toml").write_text(self._configs[name])

    def says(self, *arguments: str) -> list[str]:
        """Take a turn; what the person said in all of its history, as the model got it."""
        turn = self.codex.turn(*arguments)
        assert turn.exit_code == 0, (turn.events, turn.stderr)
        last = [entry for entry in self._simulator.log() if entry.path.endswith("/responses") and entry.body][-1]
        items = json.loads(last.body or b"")["input"]
        texts = [item["content"][0]["text"] for item in items if item.get("role") == "user"]
        return [text for text in texts if not text.startswith("<")]

    def retag(self, was: str, becomes: str) -> str:
        """Retag; the stamp of the run."""
        home = str(self.folder)
        return run("sessions", "retag", "--from", was, "--to", becomes, "--codex-home", home, "--yes").split()[-1]

    def lose_database(self) -> None:
        """What Codex keeps beside its rollouts is gone; it makes it anew."""
        for path in self.folder.glob("*.sqlite*"):
            path.unlink()

    def misplaced(self) -> list[tuple[str, int]]:
        """Offsets in Codex's database that are not at the beginning of a line."""
        contents = {path.stem[-36:]: path.read_bytes() for path in self.folder.glob("*sessions/**/*.jsonl")}
        with closing(sqlite3.connect(self.folder / "thread_history_1.sqlite")) as db:
            rows = [
                *db.execute("SELECT thread_id, rollout_byte_offset FROM thread_turns"),
                *db.execute("SELECT thread_id, rollout_end_byte_offset FROM thread_turns"),
                *db.execute("SELECT thread_id, next_rollout_byte_offset FROM thread_history_projection_state"),
            ]
        assert rows
        return [(thread, offset) for thread, offset in rows if contents[thread][offset - 1 : offset] != b"\n"]


@pytest.fixture
def sessions(client: Client, simulator: SimulatorProcess, accounts: list[Path], proxy: StartProxy) -> Sessions:
    assert accounts
    return Sessions(client(""), proxy().origin, simulator)


def test_sessions_of_openai_go_on_under_codex_lb_and_back(sessions: Sessions) -> None:
    """With Codex's database, without it, and all of it in both directions."""
    sessions.use("openai")
    sessions.says('one "model_provider":"openai"')
    before = sessions.says("resume", "--last", "two")

    stamp = sessions.retag("openai", "codex-lb")
    sessions.use("codex-lb")
    assert sessions.misplaced() == []
    with SessionServer(sessions.codex) as server:
        [thread] = server.threads()
        assert server.said(thread) == before
    assert sessions.says("resume", "--last", "three") == [*before, "three"]
    assert sessions.misplaced() == []
    sessions.lose_database()
    assert sessions.says("resume", thread, "four") == [*before, "three", "four"]

    assert "Put back 1 session" in run("sessions", "undo", stamp)
    sessions.use("openai")
    assert sessions.misplaced() == []
    with SessionServer(sessions.codex) as server:
        assert server.threads() == [thread]
    assert sessions.says("resume", "--last", "five") == [*before, "three", "four", "five"]
    sessions.lose_database()
    assert sessions.says("resume", thread, "six") == [*before, "three", "four", "five", "six"]


def test_a_fork_and_an_archived_session_go_along(sessions: Sessions) -> None:
    sessions.use("openai")
    before = [sessions.says("one"), *(sessions.says("resume", "--last", str(number)) for number in range(8))][-1]
    with SessionServer(sessions.codex) as server:
        [parent] = server.threads()
        fork = server.call("thread/fork", threadId=parent)["thread"]["id"]
    forked = sessions.says("resume", fork, "in the fork")
    sessions.says("to be archived")
    with SessionServer(sessions.codex) as server:
        archived = server.threads()[0]
        server.call("thread/archive", threadId=archived)

    sessions.retag("openai", LONG)
    sessions.use(LONG)
    assert sessions.misplaced() == []
    sessions.lose_database()

    assert forked == [*before, "in the fork"]
    assert sessions.says("resume", fork, "again") == [*forked, "again"]
    assert sessions.says("resume", parent, "again") == [*before, "again"]
    with SessionServer(sessions.codex) as server:
        server.call("thread/unarchive", threadId=archived)
    assert sessions.says("resume", archived, "again") == ["to be archived", "again"]


def test_a_running_codex_is_named_and_nothing_changes(sessions: Sessions) -> None:
    sessions.use("openai")
    sessions.says("one")
    rollouts = {path: path.read_bytes() for path in sessions.folder.glob("sessions/**/*.jsonl")}

    with SessionServer(sessions.codex) as server:
        assert server.threads()
        done = subprocess.run(
            [command("codexlb"), "sessions", "retag", "--from", "openai", "--to", "x", "--yes",
             "--codex-home", sessions.folder],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert done.returncode == 1
    assert "is in use by codex app-server (process " in done.stderr
    assert {path: path.read_bytes() for path in rollouts} == rollouts
