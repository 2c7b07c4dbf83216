"""What a request asks for is read from headers and body; what a route cannot take is refused in a sentence."""

from __future__ import annotations

import json

import pytest

from addons.wire.asks import Ask, AskError, parse_ask
from addons.wire.endpoints import Kind
from addons.wire.routes import Route

JSON = {"content-type": "application/json; charset=utf-8"}
MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "höi"}]}
TRIGGER = {"type": "compaction_trigger"}


def metadata(**fields: object) -> dict[str, str]:
    return {"x-codex-turn-metadata": json.dumps(fields)}


@pytest.mark.parametrize(
    ("route", "headers", "body", "expected"),
    [
        pytest.param(
            Route.RESPONSES,
            {"session-id": "s1", "thread-id": "t1", **metadata(session_id="s2", request_kind="turn")},
            {
                "model": "gpt-6",
                "stream": True,
                "input": [MESSAGE],
                "reasoning": {"effort": "low", "context": "all_turns"},
                "service_tier": "priority",
                "prompt_cache_key": "s3",
                "client_metadata": {"session_id": "s4", "thread_id": "t4", "turn_id": "u"},
            },
            Ask(Kind.TURN, "gpt-6", "low", "priority", stream=True, session="s1", thread="t1"),
            id="turn",
        ),
        pytest.param(Route.RESPONSES, {}, {"input": "hi"}, Ask(Kind.TURN), id="nothing but a text: a small API client"),
        pytest.param(
            Route.RESPONSES,
            {},
            {"model": None, "stream": None, "input": None, "reasoning": None},
            Ask(Kind.TURN),
            id="nulls",
        ),
        # Compaction, in its three forms.
        pytest.param(Route.COMPACT, {}, {"model": "m"}, Ask(Kind.COMPACT, "m"), id="compact endpoint"),
        pytest.param(Route.RESPONSES, {}, {"input": [MESSAGE, TRIGGER]}, Ask(Kind.COMPACT), id="trigger comes last"),
        pytest.param(Route.RESPONSES, {}, {"input": [TRIGGER, MESSAGE]}, Ask(Kind.TURN), id="trigger is history"),
        pytest.param(
            Route.RESPONSES,
            metadata(request_kind="compaction"),
            {"input": [MESSAGE]},
            Ask(Kind.COMPACT),
            id="compaction by an ordinary prompt",
        ),
        pytest.param(Route.RESPONSES, {}, {"input": []}, Ask(Kind.TURN), id="empty input"),
        pytest.param(Route.RESPONSES, {}, {"input": [1]}, Ask(Kind.TURN), id="strange last item"),
        pytest.param(Route.RESPONSES, {}, {"input": [MESSAGE, [TRIGGER]]}, Ask(Kind.TURN), id="trigger in a list"),
        pytest.param(Route.RESPONSES, {}, {"input": [{"type": "x", "y": TRIGGER}]}, Ask(Kind.TURN), id="in an item"),
        pytest.param(Route.RESPONSES, {}, {"input": [TRIGGER | {"y": {"type": "x"}}]}, Ask(Kind.COMPACT), id="more"),
        pytest.param(Route.RESPONSES, {}, {"input": [json.dumps(TRIGGER)]}, Ask(Kind.TURN), id="trigger in a text"),
        pytest.param(Route.RESPONSES, {}, {"input": json.dumps([TRIGGER])}, Ask(Kind.TURN), id="all of it in a text"),
        pytest.param(
            Route.RESPONSES, {}, b'{"input" : [ {"type" : "compaction_trigger"}\n ]\t}', Ask(Kind.COMPACT), id="white"
        ),
        pytest.param(
            Route.RESPONSES, {}, {"input": [{"y": "x" * 5000} | TRIGGER]}, Ask(Kind.TURN), id="too long for one"
        ),
        # Session keys, in their order.
        pytest.param(
            Route.RESPONSES,
            {"session_id": "s"},
            {},
            Ask(Kind.TURN, session="s"),
            id="session header of 0.105",
        ),
        pytest.param(
            Route.IMAGES,
            metadata(session_id="s", thread_id="t"),
            b"",
            Ask(Kind.IMAGES, session="s", thread="t"),
            id="session in the metadata header",
        ),
        pytest.param(
            Route.RESPONSES,
            {"session-id": "", "session_id": "x" * 257, "x-codex-turn-metadata": "{broken"},
            {"prompt_cache_key": "s", "client_metadata": {"session_id": "other"}},
            Ask(Kind.TURN, session="s"),
            id="prompt cache key, after unusable headers",
        ),
        pytest.param(
            Route.RESPONSES,
            {"session-id": "\udcff", "x-codex-turn-metadata": '{"session_id":"\udcff"}'},
            {"prompt_cache_key": "s"},
            Ask(Kind.TURN, session="s"),
            id="prompt cache key, after headers that are not UTF-8",
        ),
        pytest.param(
            Route.RESPONSES,
            {},
            {"prompt_cache_key": "a\u001b[1m", "client_metadata": {"session_id": "s", "thread_id": "t"}},
            Ask(Kind.TURN, session="s", thread="t"),
            id="client metadata, after an unprintable key",
        ),
        pytest.param(Route.SEARCH, {}, {"id": "s", "model": "m"}, Ask(Kind.SEARCH, "m", session="s"), id="search id"),
        pytest.param(Route.RESPONSES, {}, {"id": "r"}, Ask(Kind.TURN), id="an id elsewhere is no session"),
        # Strange values outside model, stream and input are the upstream's to judge.
        pytest.param(
            Route.RESPONSES,
            {},
            {
                "model": "m",
                "reasoning": "high",
                "service_tier": 1,
                "prompt_cache_key": [],
                "client_metadata": {"session_id": 5},
            },
            Ask(Kind.TURN, "m"),
            id="strange values",
        ),
        # Bodies of other routes are read if they can be, and never refused.
        pytest.param(Route.MODELS, {}, b"", Ask(Kind.MODELS), id="models"),
        pytest.param(Route.HEALTH, {}, b"", Ask(Kind.OTHER), id="health"),
        pytest.param(Route.IMAGES, JSON, {"model": "i"}, Ask(Kind.IMAGES, "i"), id="image"),
        pytest.param(Route.OTHER, JSON, {"model": "m"}, Ask(Kind.OTHER, "m"), id="other, JSON"),
        pytest.param(Route.OTHER, JSON | {"session-id": "s"}, b"{", Ask(Kind.OTHER, session="s"), id="other, broken"),
        pytest.param(Route.OTHER, JSON, b"[" * 100_000, Ask(Kind.OTHER), id="other, deep"),
        pytest.param(
            Route.OTHER, {"content-type": "text/plain"}, {"model": "m"}, Ask(Kind.OTHER, "m"), id="other, another type"
        ),
    ],
)
def test_parse_ask(route: Route, headers: dict[str, str], body: object, expected: Ask) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()

    assert parse_ask(route, headers, data) == expected


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"", "is not valid JSON", id="empty"),
        pytest.param(b'{"model":', "is not valid JSON", id="cut"),
        pytest.param(b"{} {}", "is not valid JSON", id="two values"),
        pytest.param(b'{"a":NaN}', "is not valid JSON", id="NaN"),
        pytest.param(b"[]", "does not fit", id="array"),
        pytest.param(b'{"model":5}', r"does not fit .* `\$\.model`", id="model is a number"),
        pytest.param(b'{"stream":"yes"}', r"does not fit .* `\$\.stream`", id="stream is a text"),
        pytest.param(b'{"input":{}}', r"does not fit .* `\$\.input`", id="input is an object"),
        pytest.param(b'{"a":"\xff"}', r"is not UTF-8 \(byte 6\)", id="not UTF-8 where nobody looks"),
        pytest.param("{}".encode("utf-16"), "is not UTF-8", id="UTF-16"),
        pytest.param(b"[" * 100_000, "does not fit", id="deep array"),
        pytest.param(b'{"a":' * 100_000, "nested too deeply", id="deep object"),
        pytest.param(b'{"input":[' + b"[" * 100_000, "nested too deeply", id="deep input"),
    ],
)
@pytest.mark.parametrize("route", [Route.RESPONSES, Route.COMPACT, Route.SEARCH], ids=lambda route: route.value)
def test_a_body_its_route_cannot_take_is_refused(route: Route, body: bytes, sentence: str) -> None:
    with pytest.raises(AskError, match=f"^The request body .*{sentence}.*[.]$"):
        parse_ask(route, {}, body)
