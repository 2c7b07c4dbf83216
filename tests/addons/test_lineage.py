"""A compaction that names no session is known by the turn whose transcript it goes on from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from addons.exchange import Exchanges
from addons.lineage import Conversation, Lineage, conversation_behind
from addons.wire.asks import Ask, parse_ask
from addons.wire.cache_losses import Turn
from addons.wire.prefixes import BLOCK_BYTES, MOST_BLOCKS, Prompt
from addons.wire.routes import Route
from tests.addons.samples import a_flow, an_exchange


def item(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def body(*texts: str, **more: Any) -> bytes:
    return json.dumps({"model": "gpt-5.2-codex", "input": [item(text) for text in texts], **more}).encode()


def ask_of(data: bytes) -> Ask:
    return parse_ask(Route.COMPACT, {}, data)


def prompt_of(data: bytes) -> Prompt:
    found = ask_of(data).prompt
    assert found
    return found


def turn(*texts: str, ended_at: float = 1.0, key_id: str | None = None) -> Turn:
    return Turn("a", ended_at, 100, prompt_of(body(*texts, tools=[{"name": "shell"}])), compacts=False, key_id=key_id)


LONG = [f"{number}" * BLOCK_BYTES for number in range(8)]
LONGEST = ["x" * (MOST_BLOCKS + 9) * BLOCK_BYTES]


@pytest.mark.parametrize(
    ("turns", "texts", "expected"),
    [
        pytest.param({}, ["a"], None, id="nothing known"),
        pytest.param({("s1", None): turn("hi")}, ["hi", "x"], "s1", id="a short one goes on"),
        pytest.param({("s1", None): turn("hi")}, ["hi"], "s1", id="nothing came in between"),
        pytest.param({("s1", None): turn("hi")}, ["hey", "x"], None, id="another beginning"),
        pytest.param({("s1", None): turn()}, ["hi", "x"], None, id="an empty one is no beginning"),
        pytest.param({("s1", None): turn("hi", "x")}, ["hi"], None, id="a short one that was cut"),
        pytest.param({("s1", None): turn(*LONG)}, [*LONG, "x"], "s1", id="a long one goes on"),
        pytest.param({("s1", None): turn(*LONG)}, LONG[:5], "s1", id="a long one whose end was cut off"),
        pytest.param({("s1", None): turn(*LONG)}, [*LONG[:7], "x", *LONG], None, id="a long one with another end"),
        pytest.param({("s1", None): turn(*LONGEST)}, [*LONGEST, "x"], "s1", id="one longer than is remembered goes on"),
        pytest.param({("s1", None): turn("y", *LONGEST)}, [*LONGEST, "x"], None, id="such a one that begins otherwise"),
        pytest.param(
            {("s1", None): turn("hi"), ("s2", "t2"): turn("hi", "x"), ("s3", None): turn("hi", "y")},
            ["hi", "x", "z"],
            "s2",
            id="the one with most in common",
        ),
        pytest.param(
            {("s1", None): turn("hi", ended_at=3.0), ("s2", None): turn("hi", ended_at=2.0)},
            ["hi", "x"],
            "s1",
            id="of two alike the later one",
        ),
        pytest.param({("s1", None): turn("hi", key_id="k1")}, ["hi", "x"], None, id="another client's"),
        pytest.param({("s1", None): turn(*LONG, key_id="k1")}, LONG[:5], None, id="another client's, cut off"),
    ],
)
def test_the_conversation_behind_a_compaction(
    turns: dict[Conversation, Turn], texts: list[str], expected: str | None
) -> None:
    data = body(*texts)
    found = conversation_behind(turns, None, prompt_of(data), data)

    assert (found[0] if found else None) == expected


COMPACTION = body("hi", "x")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, ("s1", "t1"), id="found"),
        pytest.param({"ask": replace(ask_of(COMPACTION), session="own")}, ("own", None), id="its own is named"),
        pytest.param({"ask": parse_ask(Route.RESPONSES, {}, COMPACTION)}, (None, None), id="a turn"),
        pytest.param({"permitted": None}, (None, None), id="not judged"),
    ],
)
def test_only_a_compaction_without_a_session_is_looked_for(
    change: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    flow = a_flow(body=COMPACTION)
    exchange = an_exchange(**{"route": Route.COMPACT, "ask": ask_of(COMPACTION), **change})

    Lineage(Exchanges({flow: exchange}), {("s1", "t1"): turn("hi")}).request(flow)

    assert exchange.ask
    assert (exchange.ask.session, exchange.ask.thread) == expected


def test_a_compaction_without_any_input_goes_on_from_nothing() -> None:
    flow = a_flow(body=b'{"model":"m"}')
    exchange = an_exchange(route=Route.COMPACT, ask=ask_of(b'{"model":"m"}'))

    Lineage(Exchanges({flow: exchange}), {("s1", None): turn("hi")}).request(flow)

    assert exchange.ask == ask_of(b'{"model":"m"}')
