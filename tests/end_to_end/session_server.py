"""`codex app-server`, which IDE extensions run: calls go in as JSON lines, results come out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from types import TracebackType
from typing import Any, Self

from tests.end_to_end.codex_cli import CodexHome

CLIENT = {"name": "codex_vscode", "title": "an IDE extension", "version": "1"}

END_SECONDS = 20


class SessionServer:
    """An app-server at home where this Codex CLI is, as long as the `with` block runs."""

    def __init__(self, home: CodexHome) -> None:
        self._home = home
        self._calls = 0

    def __enter__(self) -> Self:
        environment = {
            "HOME": str(self._home.folder),
            "CODEX_HOME": str(self._home.folder / ".codex"),
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": self._home.nowhere,
        }
        self._process = subprocess.Popen(
            [self._home.codex, "app-server"],
            env=environment, cwd=self._home.work, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.call("initialize", clientInfo=CLIENT, capabilities={"experimentalApi": True})
        self._send({"method": "initialized"})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process.stdout.close()

    def call(self, method: str, **params: Any) -> Any:
        """The result of this method; a refusal fails the test."""
        self._calls += 1
        self._send({"id": self._calls, "method": method, "params": params})
        assert self._process.stdout
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._calls and "method" not in answer:
                assert "error" not in answer, answer["error"]
                return answer["result"]
        raise AssertionError(f"The app-server ended before it answered {method}.")

    def threads(self) -> list[str]:
        """The ids of the sessions that it lists for the provider in use, newest first."""
        found = self.call("thread/list", sourceKinds=["exec", "cli", "vscode", "appServer"])
        return [thread["id"] for thread in found["data"]]

    def said(self, thread: str) -> list[str]:
        """What the person said in a session, oldest first."""
        turns = reversed(self.call("thread/turns/list", threadId=thread)["data"])
        items = [item for turn in turns for item in turn["items"] if item["type"] == "userMessage"]
        return [item["content"][0]["text"] for item in items]

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
