"""What real Codex clients sent, and what an upstream in trouble answers: files in tests/data -> values.

Long texts were cut and tokens replaced when the files were made; `turn1_full` and `turn1_chatgpt_login`
kept their size.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class CapturedRequest:
    """One request as it went over the wire: `path` with its query, `body` compressed as the client had it."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """One error answer of the upstream; `name` tells the case."""

    name: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def capture_names() -> list[str]:
    """The names that `captured` knows."""
    return sorted(path.stem for path in (DATA / "requests").glob("*.json"))


def captured(name: str) -> list[CapturedRequest]:
    """The requests of one scenario, in the order in which the client sent them."""
    return [_request(row) for row in _scenario(name)["requests"]]


def captured_answer(name: str, key: str = "answer") -> Any:
    """The JSON that the client accepted as the answer to that scenario."""
    return _scenario(name)[key]


def upstream_answers() -> list[UpstreamAnswer]:
    """Every distinct HTTP error that was tried on the real client."""
    rows = json.loads((DATA / "upstream_errors.json").read_text())["answers"]
    return [UpstreamAnswer(r["name"], r["status"], _pairs(r["headers"]), _encode(r["body"])) for r in rows]


def upstream_failures() -> dict[str, dict[str, Any]]:
    """Case -> payload of the SSE event that ended a stream: `response.failed`, or a bare `error` event."""
    rows = json.loads((DATA / "upstream_errors.json").read_text())["events"]
    return {row["name"]: row.get("event") or _failed(row["error"]) for row in rows}


def _scenario(name: str) -> dict[str, Any]:
    scenario: dict[str, Any] = json.loads((DATA / "requests" / f"{name}.json").read_text())
    return scenario


def _request(row: dict[str, Any]) -> CapturedRequest:
    body = b"" if row["body"] is None else _encode(row["body"])
    headers = _pairs(row["headers"])
    if row["content_encoding"] == "zstd":
        # As Codex does: no content size in the frame, so that only a streaming decoder can read it.
        body = zstandard.ZstdCompressor(write_content_size=False).compress(body)
    if body:
        headers += (("content-length", str(len(body))),)
    return CapturedRequest(row["method"], row["path"], headers, body)


def _encode(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in rows)


def _failed(error: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.failed", "response": {"id": "resp_fake", "status": "failed", "error": error}}
