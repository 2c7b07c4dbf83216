"""The events of a streamed answer, as bytes ready to be sent, in the order the Responses API sends them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from scripts.simulator.faults import Moment
from scripts.simulator.usage import Usage, usage_json

WORDS = (
    *(
        "the",
        "tests",
        "pass",
        "now",
        "because",
        "each",
        "window",
        "is",
        "read",
        "before",
        "it",
        "is",
        "spent",
    ),
    *(
        "and",
        "the",
        "queue",
        "keeps",
        "its",
        "order",
        "while",
        "the",
        "parser",
        "waits",
        "for",
        "one",
        "more",
    ),
    *("byte", "so", "nothing", "is", "lost", "when", "a", "stream", "ends", "early"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """All that is decided about an answer before its first byte is sent. `created_at` in unix seconds."""

    response_id: str
    model: str
    tier: str
    created_at: int
    items: tuple[Mapping[str, Any], ...]
    pieces: tuple[str, ...]
    """The text of the message among the items, as it is streamed."""
    usage: Usage | None
    incomplete: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One event to send: whether a person would see it as output, and what is reached once it is sent."""

    data: bytes
    is_output: bool = False
    reached: Moment | None = None


def text_pieces(rng: random.Random, number: int, deltas: int, delta_chars: int) -> tuple[str, ...]:
    """The text of answer `number` in as many pieces as asked, each of at least `delta_chars` characters."""
    pieces = [f"Answer {number}:"]
    while len(pieces) < deltas:
        piece = " " + rng.choice(WORDS)
        while len(piece) < delta_chars:
            piece += " " + rng.choice(WORDS)
        pieces.append(piece)
    return tuple(pieces[:deltas])


def message_item(item_id: str, text: str) -> dict[str, Any]:
    content = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "content": [content],
        "role": "assistant",
    }


def reasoning_item(item_id: str, encrypted_content: str) -> dict[str, Any]:
    return {"id": item_id, "type": "reasoning", "encrypted_content": encrypted_content, "summary": []}


def compaction_item(item_id: str, encrypted_content: str) -> dict[str, Any]:
    return {"id": item_id, "type": "compaction", "encrypted_content": encrypted_content}


def event(kind: str, sequence_number: int, fields: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    data = msgspec.json.encode({"type": kind, "sequence_number": sequence_number, **fields})
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def failed_event(reply: Reply, error: Mapping[str, Any], sequence_number: int, usage: Usage | None = None) -> bytes:
    """The event that tells of a failure inside a stream, and what was used until then."""
    told = usage_json(usage) if usage else None
    response = {**_response(reply, "failed"), "error": dict(error), "usage": told}
    return event("response.failed", sequence_number, {"response": response})


def steps(reply: Reply) -> Iterator[Step]:
    """The whole stream, event by event."""
    for number, (kind, fields, is_output, reached) in enumerate(_sequence(reply)):
        yield Step(event(kind, number, fields), is_output, reached)


_Part = tuple[str, Mapping[str, Any], bool, Moment | None]


def _sequence(reply: Reply) -> Iterator[_Part]:
    begun = {"response": _response(reply, "in_progress")}
    yield "response.created", begun, False, None
    yield "response.in_progress", begun, False, Moment.CREATED
    for index, item in enumerate(reply.items):
        yield from _item(reply, item, index)
    ending = "incomplete" if reply.incomplete else "completed"
    yield f"response.{ending}", {"response": _finished(reply, ending)}, False, Moment.COMPLETED


def _item(reply: Reply, item: Mapping[str, Any], index: int) -> Iterator[_Part]:
    is_message = item["type"] == "message"
    begun = {**item, "status": "in_progress", "content": []} if is_message else item
    yield "response.output_item.added", {"output_index": index, "item": begun}, False, None
    if is_message:
        yield from _message(reply, item, {"item_id": item.get("id"), "output_index": index, "content_index": 0})
    shown = item["type"] not in ("message", "reasoning")
    yield "response.output_item.done", {"output_index": index, "item": item}, shown, None


def _message(reply: Reply, item: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[_Part]:
    part = item["content"][0]
    yield "response.content_part.added", {**place, "part": {**part, "text": ""}}, False, None
    for piece in reply.pieces:
        yield "response.output_text.delta", {**place, "delta": piece, "logprobs": []}, True, None
    yield "response.output_text.done", {**place, "text": part["text"], "logprobs": []}, False, None
    yield "response.content_part.done", {**place, "part": part}, False, None


def _response(reply: Reply, status: str) -> dict[str, Any]:
    return {
        "id": reply.response_id,
        "object": "response",
        "created_at": reply.created_at,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": reply.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "service_tier": reply.tier,
        "store": False,
        "usage": None,
    }


def _finished(reply: Reply, status: str) -> dict[str, Any]:
    details = {"reason": reply.incomplete} if reply.incomplete else None
    usage = usage_json(reply.usage) if reply.usage else None
    return {**_response(reply, status), "output": reply.items, "incomplete_details": details, "usage": usage}
