"""Sessions of three releases of the real Codex CLI, retagged: listed, resumed with all their history, and put back."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from scripts.simulator.client import SimulatorProcess
from tests.conftest import StartProxy
from tests.end_to_end.codex_cli import CodexHome, builtin
from tests.end_to_end.codex_proof import history
from tests.end_to_end.codex_versions import CodexVersion
from tests.end_to_end.session_server import SessionServer
from tests.processes import command, run

pytestmark = pytest.mark.codex

Client = Callable[[str], CodexHome]

LONG = "pool-" + 60 * "of-my-own-"
"""With this name in ten places, whatever still points to bytes as they were points past whole messages."""


@pytest.fixture
def codex(version: CodexVersion) -> Path:
    return version.program


class Sessions:
    """A Codex CLI of which `codexlb client-config` changes the provider, and `codexlb sessions` on its folder."""

    def __init__(self, version: CodexVersion, codex: CodexHome, origin: str, simulator: SimulatorProcess) -> None:
        self.codex = codex
        self.folder = codex.folder / ".codex"
        self.version = version
        self._origin = origin
        self._simulator = simulator
        (self.folder / "config.toml").write_text(builtin(origin))
        codex.variables["OPENAI_BASE_URL"] = f"{origin}/backend-api/codex"  # 0.105 does not know openai_base_url

    def use(self, name: str) -> None:
        """Set Codex up for this provider of ours."""
        self._configure("--base-url", self._origin, "--provider", name)

    def leave(self, name: str) -> None:
        """Undo that: it is the built-in provider `openai` again."""
        self._configure("--remove", "--provider", name)

    def says(self, *arguments: str) -> list[str]:
        """Take a turn; all that was said in the session, as the model got it, and its answer."""
        turn = self.codex.turn(*arguments)
        assert turn.exit_code == 0, (turn.events, turn.stderr)
        last = [entry for entry in self._simulator.log() if entry.path.endswith("/responses") and entry.body][-1]
        return [*history(last), turn.text]

    def listed(self) -> list[str]:
        """The sessions of the provider in use, newest first."""
        with SessionServer(self.codex) as server:
            return server.threads()

    def read(self, thread: str) -> list[str]:
        """What the person said in a session, as Codex shows it."""
        with SessionServer(self.codex) as server:
            said = server.said(thread)
            assert not self.version.keeps_offsets or server.said(thread, paged=True) == said
            return said

    def retag(self, was: str, becomes: str) -> str:
        """Retag; the stamp of the run."""
        home = str(self.folder)
        return run("sessions", "retag", "--from", was, "--to", becomes, "--codex-home", home, "--yes").split()[-1]

    def lose_database(self) -> None:
        """What Codex keeps beside its rollouts is gone; it makes it anew."""
        for path in self.folder.glob("*.sqlite*"):
            path.unlink()

    def misplaced(self) -> list[tuple[str, int]]:
        """Offsets in Codex's database, where it has one of them, that are not at the beginning of a line."""
        if not self.version.keeps_offsets:
            return []
        contents = {path.stem[-36:]: path.read_bytes() for path in self.folder.glob("*sessions/**/*.jsonl")}
        with closing(sqlite3.connect(self.folder / "thread_history_1.sqlite")) as db:
            rows = [
                *db.execute("SELECT thread_id, rollout_byte_offset FROM thread_turns"),
                *db.execute("SELECT thread_id, rollout_end_byte_offset FROM thread_turns"),
                *db.execute("SELECT thread_id, next_rollout_byte_offset FROM thread_history_projection_state"),
            ]
        assert rows
        return [(thread, offset) for thread, offset in rows if contents[thread][offset - 1 : offset] != b"\n"]

    def _configure(self, *arguments: str) -> None:
        run("client-config", "--codex-home", self.folder, *arguments, "--yes")


@pytest.fixture
def sessions(
    version: CodexVersion, client: Client, simulator: SimulatorProcess, accounts: list[Path], proxy: StartProxy
) -> Sessions:
    assert accounts
    return Sessions(version, client(""), proxy().origin, simulator)


def test_sessions_of_openai_go_on_under_codex_lb_and_back(sessions: Sessions) -> None:
    """With Codex's database, without it, and all of it in both directions."""
    sessions.says('one "model_provider":"openai"')
    so_far = sessions.says("resume", "--last", "two")

    sessions.use("codex-lb")
    assert sessions.listed() == []
    stamp = sessions.retag("openai", "codex-lb")
    assert sessions.misplaced() == []
    [thread] = sessions.listed()
    assert sessions.read(thread) == so_far[::2]
    so_far = went_on(sessions.says("resume", "--last", "three"), so_far, "three")
    assert sessions.misplaced() == []
    sessions.lose_database()
    so_far = went_on(sessions.says("resume", thread, "four"), so_far, "four")
    assert sessions.listed() == [thread]

    assert "Put back 1 session" in run("sessions", "undo", stamp)
    sessions.leave("codex-lb")
    assert sessions.misplaced() == []
    assert sessions.listed() == [thread]
    so_far = went_on(sessions.says("resume", "--last", "five"), so_far, "five")
    sessions.lose_database()
    so_far = went_on(sessions.says("resume", thread, "six"), so_far, "six")
    assert sessions.listed() == [thread]
    assert sessions.read(thread) == so_far[::2]


def went_on(now: list[str], before: list[str], said: str) -> list[str]:
    """All of a session, which began as it was before and then had this said, and an answer."""
    *begins, answer = now
    assert begins == [*before, said]
    assert answer
    return now


def test_a_fork_and_an_archived_session_go_along(sessions: Sessions) -> None:
    before = sessions.says("one")
    for number in range(8 if sessions.version.keeps_offsets else 1):
        before = sessions.says("resume", "--last", str(number))
    [parent] = sessions.listed()
    with SessionServer(sessions.codex) as server:
        fork = server.call("thread/fork", threadId=parent)["thread"]["id"]
    forked = went_on(sessions.says("resume", fork, "in the fork"), before, "in the fork")
    alone = sessions.says("to be archived")
    with SessionServer(sessions.codex) as server:
        archived = server.threads()[0]
        server.call("thread/archive", threadId=archived)

    sessions.retag("openai", LONG)
    sessions.use(LONG)
    assert sessions.misplaced() == []
    sessions.lose_database()

    went_on(sessions.says("resume", fork, "again"), forked, "again")
    went_on(sessions.says("resume", parent, "again"), before, "again")
    with SessionServer(sessions.codex) as server:
        server.call("thread/unarchive", threadId=archived)
    went_on(sessions.says("resume", archived, "again"), alone, "again")


def test_a_running_codex_is_named_and_nothing_changes(sessions: Sessions) -> None:
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
