"""The upstream's answers, read as a browser's client would read them."""

from __future__ import annotations

import json
import re

import pytest

from codexlb_store.auth_json import parse_auth_json
from scripts.benchmark.answers import END, HEAD, MARK, SENT_AT, completed, created, delta, timed_event, whole_answer
from scripts.benchmark.logins import FAR_AHEAD, auth_json
from scripts.benchmark.request import body, request, session_id

SENT = 1_234_567_890


def events_in(chunks: bytes) -> list[dict[str, object]]:
    """The JSON of every event in chunked bytes; fails when a chunk's length is not what it says."""
    found = []
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        assert rest[length : length + 2] == b"\r\n"
        name, data = rest[:length].decode().removesuffix("\n\n").split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
        chunks = rest[length + 2 :]
    return found


def test_a_whole_answer_is_one_event_after_the_other() -> None:
    """It begins with created, ends with completed, and has as many events and marks as asked for."""
    answer = whole_answer(24)

    events = events_in(answer.removeprefix(HEAD).removesuffix(END))
    kinds = [event["type"] for event in events]
    assert kinds == ["response.created", *["response.output_text.delta"] * 22, "response.completed"]
    assert answer.count(MARK) == 24


def test_a_timed_answer_is_the_whole_answer_in_pieces() -> None:
    """Written one by one, the events make the answer that is written at once."""
    assert b"".join(timed_event(index, 5, 0) for index in range(5)) == whole_answer(5)


@pytest.mark.parametrize("event", [created, delta, completed], ids=["created", "delta", "completed"])
def test_an_event_says_when_it_was_sent(event: object) -> None:
    assert callable(event)
    assert SENT_AT.findall(event(SENT)) == [b"%019d" % SENT]


def test_a_delta_is_as_long_as_the_real_ones() -> None:
    """About 250 bytes, and always the same."""
    assert 200 <= len(delta(0)) <= 300
    assert len(delta(0)) == len(delta(SENT))


@pytest.mark.parametrize("length", [1_000, 30_000, 1_000_000])
def test_a_body_is_as_long_as_asked_for(length: int) -> None:
    """A real Codex body in shape: JSON with model, stream and the session's cache key."""
    document = json.loads(text := body(length, "session-1"))

    assert len(text) == length
    assert (document["stream"], document["prompt_cache_key"]) == (True, "session-1")


def test_a_request_carries_its_length_and_what_it_asks_for() -> None:
    head, _, payload = request(3, 1_000, events=24, gap_ms=20).partition(b"\r\n\r\n")

    assert head.startswith(b"POST /backend-api/codex/responses HTTP/1.1\r\n")
    assert b"x-benchmark: 24 20" in head
    assert re.search(rb"session-id: %b\r" % session_id(3).encode(), head)
    assert f"content-length: {len(payload)}".encode() in head


def test_made_up_logins_are_logins_of_different_accounts() -> None:
    """The store takes them as it takes real ones, and they do not expire in a run."""
    logins = [parse_auth_json(auth_json(number)) for number in range(4)]

    assert len({login.chatgpt_account_id for login in logins}) == 4
    assert {(login.plan, login.expires_at) for login in logins} == {("pro", FAR_AHEAD)}
