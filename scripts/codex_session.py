"""One Codex session as codex-cli 0.169 speaks it: what a person says goes in, requests and their answers come out.

Every request carries the whole history, so that it grows turn by turn and all but its end is in the prompt cache.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import aiohttp
import zstandard

from codexlb_store.ledger import Tokens

PATH = "/backend-api/codex/responses"

USER_AGENT = "codex_exec/0.169.0 (Debian 12.0.0; x86_64) xterm (codex_exec; 0.169.0)"

TURN_SECONDS = 20
"""A turn of the simulated service takes a second; what takes this long hangs."""

INSTRUCTIONS = (
    "You are a coding agent: you and the user share one workspace, and you work until the task is done.",
    "Read the files that a change touches, and those that call them, before you write.",
    "Prefer the smallest change that solves the whole problem; leave code you were not asked about alone.",
    "Run the tests that cover the change, and say plainly which ones you could not run.",
    "Never print a credential, and never write one into a file that is under version control.",
    "When two readings of the task lead to different programs, ask; when they do not, choose and say so.",
)

REPEATS = 24
"""The instructions are told so many times over: with the tools, real ones are some 60 kB."""


class TurnFailedError(Exception):
    """A turn did not end as it should; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one turn: the items that go into the history, and the tokens it took."""

    items: tuple[dict[str, Any], ...]
    tokens: Tokens


def message(role: str, text: str) -> dict[str, Any]:
    """An input item with one text."""
    return {
        "type": "message",
        "id": f"msg_{uuid.uuid4()}",
        "role": role,
        "content": [{"type": "input_text", "text": text}],
    }


def metadata(session: str, turn: str, model: str, now: float) -> str:
    """What the client says of itself and the turn, as JSON (now: unix seconds)."""
    return json.dumps(
        {
            "session_id": session,
            "thread_id": session,
            "agent_name": "/root",
            "turn_id": turn,
            "window_id": f"{session}:0",
            "window_number": 0,
            "request_kind": "turn",
            "root_turn_id": turn,
            "thread_source": "user",
            "turn_trigger": "exec",
            "turn_started_at_unix_ms": int(now * 1000),
            "model": model,
        }
    )


def headers(session: str, about: str, is_compressed: bool) -> dict[str, str]:
    """The headers of a turn; `about` is its metadata."""
    encoding = {"content-encoding": "zstd"} if is_compressed else {}
    return {
        **encoding,
        "x-codex-beta-features": "remote_compaction_v2",
        "x-codex-window-id": f"{session}:0",
        "x-codex-turn-metadata": about,
        "x-client-request-id": session,
        "session-id": session,
        "thread-id": session,
        "accept": "text/event-stream",
        "content-type": "application/json",
        "originator": "codex_exec",
        "user-agent": USER_AGENT,
    }


def body(session: str, turn: str, model: str, history: list[dict[str, Any]], about: str) -> bytes:
    """The request of a turn as JSON; `history` ends with what the user said last."""
    return json.dumps(
        {
            "model": model,
            "stream": True,
            "input": history,
            "tool_choice": "auto",
            "parallel_tool_calls": True,
            "reasoning": {"effort": "medium"},
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": session,
            "text": {"verbosity": "low"},
            "client_metadata": {
                "session_id": session,
                "thread_id": session,
                "turn_id": turn,
                "root_turn_id": turn,
                "x-codex-window-id": f"{session}:0",
                "x-codex-turn-metadata": about,
            },
        },
        separators=(",", ":"),
    ).encode()


def compressed(content: bytes) -> bytes:
    """zstd as Codex writes it: without saying how large the content is."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(content)


def parse_answer(status: int, content: bytes) -> Answer:
    """The answer in a whole response; raises TurnFailedError unless it completed."""
    if status != 200:
        raise TurnFailedError(f"HTTP {status}: {content[:300].decode(errors='replace')}")
    events = [json.loads(line[5:]) for line in content.split(b"\n") if line.startswith(b"data:")]
    if not events or events[-1]["type"] != "response.completed":
        raise TurnFailedError(f"The answer ended with {events[-1]['type'] if events else 'nothing'}.")
    usage = events[-1]["response"]["usage"]
    return Answer(
        tuple(event["item"] for event in events if event["type"] == "response.output_item.done"),
        Tokens(
            usage["input_tokens"],
            usage["input_tokens_details"]["cached_tokens"],
            usage["output_tokens"],
            usage["output_tokens_details"]["reasoning_tokens"],
        ),
    )


class CodexSession:
    """A conversation with one model; `is_compressed` is how a client with a ChatGPT login sends it."""

    def __init__(self, model: str, is_compressed: bool) -> None:
        self.id = str(uuid.uuid4())
        self._model = model
        self._is_compressed = is_compressed
        self._history = [message("developer", "\n".join(INSTRUCTIONS * REPEATS))]

    async def take_turn(self, client: aiohttp.ClientSession, origin: str, text: str) -> Answer:
        """Say something and hear the answer out; raises TurnFailedError, and then nothing was said."""
        turn = str(uuid.uuid4())
        said = [*self._history, message("user", text)]
        about = metadata(self.id, turn, self._model, time.time())
        content = body(self.id, turn, self._model, said, about)
        try:
            async with client.post(
                origin + PATH,
                data=compressed(content) if self._is_compressed else content,
                headers=headers(self.id, about, self._is_compressed),
                skip_auto_headers=["accept-encoding"],
                timeout=aiohttp.ClientTimeout(total=TURN_SECONDS),
            ) as response:
                answer = parse_answer(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TurnFailedError(f"The turn got no whole answer ({error or type(error).__name__}).") from error
        self._history = [*said, *answer.items]
        return answer
