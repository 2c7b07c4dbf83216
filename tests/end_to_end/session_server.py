"""`codex app-server`, which IDE extensions run: calls go in as JSON lines, results and what happens come out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.end_to_end.codex_cli import CodexHome

CLIENT = {"name": "codex_vscode", "title": "an IDE extension", "version": "1.2.3"}

SCENE_SECONDS = 60
"""Past it the server is ended, and a test that waits for its word fails."""
END_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a turn, as an IDE shows it."""

    status: str
    text: str
    errors: tuple[str, ...]


class SessionServer:
    """An app-server at home where this Codex CLI is, as long as the `with` block runs."""

    def __init__(self, home: CodexHome) -> None:
        self._home = home
        self._calls = 0
        self._happened: list[dict[str, Any]] = []
        """What it said unasked, oldest first."""
        self.introduced: dict[str, Any] = {}
        """Its answer to `initialize`."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [self._home.codex, "app-server"],
            env=self._home.environment(), cwd=self._home.work, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._end = threading.Timer(SCENE_SECONDS, self._kill)
        self._end.start()
        try:
            self.introduced = self.call("initialize", clientInfo=CLIENT, capabilities={"experimentalApi": True})
            self._send({"method": "initialized"})
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._end.cancel()
        self._end.join()
        self._process.stdout.close()

    def call(self, method: str, **params: Any) -> Any:
        """The result of this method; a refusal fails the test."""
        self._calls += 1
        self._send({"id": self._calls, "method": method, "params": params})
        for message in self._messages():
            if message.get("id") == self._calls and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]
        raise AssertionError(f"The app-server ended before it answered {method}.")

    def models(self) -> list[str]:
        """What an IDE offers to choose from."""
        return [model["id"] for model in self.call("model/list")["data"]]

    def threads(self) -> list[str]:
        """The ids of the sessions that it lists for the provider in use, newest first."""
        found = self.call("thread/list", sourceKinds=["exec", "cli", "vscode", "appServer"])
        return [thread["id"] for thread in found["data"]]

    def said(self, thread: str, paged: bool = False) -> list[str]:
        """What the person said in a session, oldest first; `paged` by way of Codex's database of offsets."""
        if paged:
            turns = self.call("thread/turns/list", threadId=thread)["data"][::-1]
        else:
            turns = self.call("thread/read", threadId=thread, includeTurns=True)["thread"]["turns"]
        items = [item for turn in turns for item in turn["items"] if item["type"] == "userMessage"]
        return [item["content"][0]["text"] for item in items]

    def start(self) -> str:
        """A new session; its id."""
        how = {"approvalPolicy": "never", "sandbox": "danger-full-access"}
        started = self.call("thread/start", cwd=str(self._home.work), **how)
        return str(started["thread"]["id"])

    def turn(self, thread: str, text: str) -> Answered:
        """Say this in a session that is started or resumed, and wait until it is answered."""
        begun = len(self._happened)
        turn = self.call("turn/start", threadId=thread, input=[{"type": "text", "text": text}])["turn"]["id"]
        ended = self._until_completed(turn, begun)
        happened = self._happened[begun:]
        items = [event["params"]["item"] for event in happened if event["method"] == "item/completed"]
        errors = [event["params"]["error"]["message"] for event in happened if event["method"] == "error"]
        texts = [item["text"] for item in items if item["type"] == "agentMessage"]
        return Answered(ended["status"], "\n".join(texts), tuple(errors))

    def _until_completed(self, turn: str, begun: int) -> dict[str, Any]:
        while True:
            for event in self._happened[begun:]:
                if event["method"] == "turn/completed" and event["params"]["turn"]["id"] == turn:
                    ended: dict[str, Any] = event["params"]["turn"]
                    return ended
            begun = len(self._happened)
            assert next(self._messages(), None), "The app-server ended before the turn did."

    def _messages(self) -> Iterator[dict[str, Any]]:
        """What it says, as it says it."""
        assert self._process.stdout
        for line in self._process.stdout:
            message = json.loads(line)
            if "method" in message:
                self._happened.append(message)
            yield message

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # the npm package's `codex` is a launcher with a child
