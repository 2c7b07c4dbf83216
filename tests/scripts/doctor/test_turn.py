"""A turn against real servers that complete it, fail it, or break off."""

from __future__ import annotations

import json

import pytest

from scripts.doctor.finding import Trouble, Verdict
from scripts.doctor.turn import check_turn, take_turn, terminal
from tests.ports import free_port
from tests.scripts.doctor.servers import server

CREATED = b'data: {"type":"response.created","response":{"id":"r"}}\n\n'
DONE = b'data: {"type":"response.completed","response":{"usage":{"input_tokens":9,"output_tokens":2}}}\n\n'
FAILED = b'data: {"type":"response.failed","response":{"error":{"message":"Too much."}}}\n\n'


@pytest.mark.parametrize(
    ("status", "body", "verdict", "words", "covers"),
    [
        (200, b"event: x\n" + CREATED + DONE, "ok", "served by ann in ", None),
        (200, CREATED + FAILED, "error", "failed: Too much.", None),
        (200, CREATED, "error", "failed: the answer broke off", None),
        (200, b"data: nonsense\n\ndata: 3\n\n", "error", "failed: the answer broke off", None),
        (200, b'data: {"type":"response.incomplete"}\n\n', "error", "failed: it ended with response.incomplete", None),
        (401, b'{"error":{"message":"No key."}}', "error", "failed (HTTP 401): No key.", Trouble.UNAUTHORIZED),
        (404, b'{"error":{"message":"No model."}}', "error", "failed (HTTP 404): No model.", Trouble.MODEL),
        (502, b"<html>", "error", "failed (HTTP 502): no reason is given", None),
    ],
    ids=["served", "failed", "broken off", "nonsense", "incomplete", "no key", "no model", "no JSON"],
)
def test_a_turn(status: int, body: bytes, verdict: str, words: str, covers: Trouble | None) -> None:
    with server(status, body) as (origin, asked):
        taken = take_turn(f"{origin}/backend-api/codex", "sk-clb-1", "gpt-5.5")
    [found] = check_turn(taken, lambda session: "ann" if session == taken.session else None)

    assert (found.check, found.verdict, found.covers) == ("turn", verdict, covers)
    assert words in found.sentence
    assert asked[0].startswith("POST /backend-api/codex/responses HTTP/1.1\n")
    assert "authorization: Bearer sk-clb-1" in asked[0]
    assert f"session-id: {taken.session}" in asked[0]


def test_its_tokens_are_told() -> None:
    with server(200, DONE) as (origin, asked):
        [found] = check_turn(take_turn(origin, None, "m"), lambda _: None)

    assert found.sentence.endswith(": 9 tokens in and 2 out.")
    assert "authorization" not in asked[0].lower()


def test_nobody_there() -> None:
    [found] = check_turn(take_turn(f"http://127.0.0.1:{free_port()}", None, "m"), lambda _: None)

    assert found.verdict is Verdict.ERROR
    assert "nothing listens there" in found.sentence


def test_the_end_of_a_stream_is_the_first_that_ends_it() -> None:
    assert terminal([CREATED, FAILED, DONE])["type"] == "response.failed"
    assert terminal([json.dumps({"type": "response.completed"}).encode()]) == {}
