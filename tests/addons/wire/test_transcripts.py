"""A stream of events reads as text, whatever is in it, and never as more than a person can look at."""

from __future__ import annotations

import json
import random

import pytest

from addons.wire import transcripts
from addons.wire.transcripts import transcript


def event(**fields: object) -> bytes:
    return f"event: {fields.get('type', '')}\ndata: {json.dumps(fields)}\n\n".encode()


def delta(text: str, kind: str = "response.output_text.delta", item: str = "msg_1") -> bytes:
    return event(type=kind, item_id=item, delta=text)


USAGE = {
    "input_tokens": 1200,
    "input_tokens_details": {"cached_tokens": 1024},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 8},
}
CALL = {"type": "function_call", "name": "shell", "call_id": "call_1", "arguments": '{"command":["ls"]}'}
SEARCH = {"type": "web_search_call", "id": "ws_1", "action": {"query": "x"}}
LIMITS = {"primary": {"used_percent": 42, "window_minutes": 300}, "secondary": None}

SHOWN = {
    "created": (
        event(type="response.created", response={"id": "resp_1", "model": "gpt-5.5", "status": "in_progress"}),
        ["response.created · resp_1 · gpt-5.5 · in_progress"],
    ),
    "a text in pieces": (
        delta("Hel") + delta("lo\nthere"),
        ["response.output_text.delta · msg_1 · 2 pieces", "    Hello", "    there"],
    ),
    "two texts at once": (
        delta("a") + delta("x", item="msg_2") + delta("b"),
        ["response.output_text.delta · msg_1 · 2 pieces", "    ab", "response.output_text.delta · msg_2", "    x"],
    ),
    "a tool call": (
        event(type="response.output_item.added", item=CALL) + event(type="response.output_item.done", item=CALL),
        [
            "response.output_item.added · function_call · shell · call_1",
            "response.output_item.done · function_call · shell · call_1",
            '    {"command":["ls"]}',
        ],
    ),
    "a search": (
        event(type="response.output_item.done", item=SEARCH),
        ["response.output_item.done · web_search_call · ws_1", '    {"query":"x"}'],
    ),
    "completed": (
        event(type="response.completed", response={"id": "resp_1", "service_tier": "default", "usage": USAGE}),
        ["response.completed · resp_1 · default", "    usage: input 1,200 (cached 1,024), output 50 (reasoning 8)"],
    ),
    "usage unknown": (
        event(type="response.completed", response={"id": "r", "usage": {"input_tokens": "many"}}),
        ["response.completed · r", "    usage: input unknown (cached unknown), output unknown (reasoning unknown)"],
    ),
    "failed": (
        event(
            type="response.failed", response={"id": "r", "error": {"code": "server_is_overloaded", "message": "Busy"}}
        ),
        ["response.failed · r", "    error: server_is_overloaded · Busy"],
    ),
    "incomplete": (
        event(type="response.incomplete", response={"incomplete_details": {"reason": "max_output_tokens"}}),
        ["response.incomplete", "    incomplete: max_output_tokens"],
    ),
    "error": (event(type="error", code="slow_down", message="Wait"), ["error", "    error: slow_down · Wait"]),
    "limits": (
        event(type="codex.rate_limits", plan_type="plus", rate_limits=LIMITS),
        ["codex.rate_limits · plus · primary 42 % of 300 min"],
    ),
    "a comment": (b": keep-alive\n\n", [":", "    keep-alive"]),
    # Odd ones
    "no JSON": (b"event: x\ndata: [DONE]\n\n", ["x", "    [DONE]"]),
    "no type": (b'data: {"a":1}\n\n', ["data"]),
    "data in two lines": (b'data: {"type":\ndata: "x"}\n\n', ["x"]),
    "carriage returns": (b'data: {"type":"a"}\r\n\r\ndata: {"type":"b"}\r\n\r\n', ["a", "b"]),
    "no end": (b'data: {"type":"a"}', ["a"]),
    "not UTF-8": (b"data: \xff\xfe\n\n", ["data", "    \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"]),
    "not events": (b"<html>", ["data", "    <html>"]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("data", "lines"), SHOWN.values(), ids=SHOWN)
def test_events_read_as_lines(data: bytes, lines: list[str]) -> None:
    assert transcript(data).splitlines()[:-1] == lines


def test_the_last_line_says_how_much_there_was() -> None:
    data = delta("a") + delta("b")
    assert transcript(data).splitlines()[-1] == f"-- 2 events, {len(data)} bytes"
    assert transcript(b"") == "-- 0 events, 0 bytes"


@pytest.mark.parametrize(
    ("data", "remark"),
    [
        pytest.param(delta("x" * 1_000_000), "[980000 characters more]", id="a long text"),
        pytest.param(delta("\n" * 19_000), "lines more]", id="many lines"),
        pytest.param(event(type="a") * 50_000, "only the first 20,000 events", id="many events"),
        pytest.param(delta("y" * 100) * 50_000, "only the first 4,194,304 bytes", id="many bytes"),
    ],
)
def test_what_is_too_much_is_cut_with_a_remark(data: bytes, remark: str) -> None:
    text = transcript(data)
    assert remark in text
    assert len(text.splitlines()) <= transcripts.MOST_LINES + 2
    assert len(text) < 2_000_000


ODD = (
    "null", "[]", "{}", "1e999", "-0", "1" * 5000, '"\\ud800"', "[" * 5000, '{"type":{"type":[]}}', '{"delta":"x"}',
    '{"type":"response.completed","response":{"usage":[],"error":"x","incomplete_details":7}}',
    '{"type":"response.output_item.done","item":{"arguments":{"a":' + "[" * 400 + "]" * 400 + "}}}",
    '{"type":"response.completed","response":{"usage":{"input_tokens":' + "9" * 5000 + "}}}",
    '{"type":"codex.rate_limits","rate_limits":{"a":{"used_percent":' + "9" * 5000 + "}}}",
    '{"type":"a","item":{"type":5,"name":[],"call_id":1.5,"status":true}}',
)  # fmt: skip


@pytest.mark.parametrize("payload", ODD, ids=range(len(ODD)))
def test_no_payload_is_too_odd(payload: str) -> None:
    assert transcript(f"data: {payload}\n\n".encode("utf-8", "surrogatepass")).endswith("bytes")


def test_no_bytes_are_too_odd() -> None:
    whole = b"".join(data for data, _ in SHOWN.values())
    for seed in range(300):
        rng = random.Random(seed)
        data = bytearray(whole)
        for _ in range(rng.randint(1, 40)):
            at = rng.randrange(len(data))
            data[at : at + rng.randint(0, 9)] = rng.randbytes(rng.randint(0, 5))
        assert transcript(bytes(data)).endswith("bytes")
