"""The turns the benchmark sends: a size and a session number go in, an HTTP request as Codex sends it comes out."""

from __future__ import annotations

import json
import uuid

PATH = "/backend-api/codex/responses"
MODEL = "gpt-5.5"


def session_id(number: int) -> str:
    """The session of stream `number`: the same in every run, so that runs can be compared."""
    return str(uuid.UUID(int=number + 1))


def body(length: int, session: str) -> bytes:
    """A JSON body of exactly `length` bytes whose history is one long message (at least some 300 bytes)."""
    content = {"type": "input_text", "text": ""}
    document = {
        "model": MODEL,
        "input": [{"type": "message", "role": "user", "content": [content]}],
        "tool_choice": "auto",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": session,
    }
    content["text"] = "x" * (length - len(json.dumps(document)))
    return json.dumps(document).encode()


def request(number: int, body_bytes: int, events: int, gap_ms: int, key: str | None = None) -> bytes:
    """A whole turn of stream `number`: what it asks of the upstream is in `x-benchmark` (see upstream)."""
    shown = f"authorization: Bearer {key}\r\n" if key else ""
    session = session_id(number)
    payload = body(body_bytes, session)
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\noriginator: codex_exec\r\nuser-agent: codex_exec/0.169.0\r\n"
        f"session-id: {session}\r\nthread-id: {session}\r\nx-client-request-id: {session}\r\n"
        f"{shown}x-benchmark: {events} {gap_ms}\r\ncontent-length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload
