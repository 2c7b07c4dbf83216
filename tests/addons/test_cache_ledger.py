"""A conversation's last turn is remembered, and what the next one should have found in the cache."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from mitmproxy import http

from addons.cache_ledger import MOST_CONVERSATIONS, CacheLedger
from addons.exchange import Exchange, Exchanges, Lease, Result
from addons.wire.asks import Ask, parse_ask
from addons.wire.cache_losses import CacheCount
from addons.wire.endpoints import Kind
from addons.wire.routes import Route
from codexlb_store.ledger import UNKNOWN, CacheLoss, Outcome, Tokens
from codexlb_store.selection import Choice
from tests.addons.samples import a_flow, an_answered_exchange, an_answered_flow

HISTORY = ["x" * 1000] * 40


def an_ask(items: list[str] = HISTORY, thread: str | None = "t1", session: str | None = "s1") -> Ask:
    body = json.dumps({"model": "gpt-5.5", "input": items}).encode()
    return replace(parse_ask(Route.RESPONSES, {}, body), session=session, thread=thread)


def a_result(read: int | None, cached: int | None = 0) -> Result:
    tokens = UNKNOWN if read is None else Tokens(read, cached, 5, None)
    return Result(Outcome.COMPLETED, 200, tokens, None, None, None, None, None)


@pytest.fixture
def kept() -> CacheLedger:
    found = CacheLedger(Exchanges())
    found.cache_ttl_seconds = 10**12  # the samples are of 1970
    return found


def turn(kept: CacheLedger, read: int | None = 10_000, cached: int | None = 0, **fields: Any) -> Exchange:
    """One request from its start to its end."""
    flow: http.HTTPFlow = a_flow()
    exchange = an_answered_exchange(**{"ask": an_ask(), **fields})
    kept.exchanges[flow] = exchange
    kept.request(flow)
    if fields.get("answer", exchange.answer) is not None:
        flow.response = an_answered_flow().response
    exchange.result = a_result(read, cached)
    kept.response(flow)
    kept.error(flow)
    return exchange


def test_the_first_turn_expects_nothing_and_the_next_what_it_sent(kept: CacheLedger) -> None:
    assert turn(kept).cache is None
    assert turn(kept, cached=9_900).cache == CacheCount(10_000, None)
    assert turn(kept, cached=0).cache == CacheCount(10_000, CacheLoss.UPSTREAM_MISS)


ON_B = Lease("b", Choice("b", ()))


@pytest.mark.parametrize(
    ("before", "after", "loss"),
    [
        pytest.param({}, {"lease": ON_B}, CacheLoss.MOVED, id="another account"),
        pytest.param({"ask": replace(an_ask(), kind=Kind.COMPACT)}, {}, CacheLoss.COMPACTED, id="compaction"),
        pytest.param({}, {"ask": an_ask(HISTORY[:30])}, CacheLoss.COMPACTED, id="shorter"),
        pytest.param({}, {"ask": an_ask(["y", *HISTORY])}, CacheLoss.PREFIX_CHANGED, id="another beginning"),
        pytest.param({}, {"opened_at": 10.0**13}, CacheLoss.IDLE, id="cold"),
    ],
)
def test_a_loss_has_a_cause(kept: CacheLedger, before: dict[str, Any], after: dict[str, Any], loss: CacheLoss) -> None:
    turn(kept, **before)

    assert turn(kept, **after).cache == CacheCount(10_000, loss)


def test_a_conversation_is_a_thread_of_a_session(kept: CacheLedger) -> None:
    """A sub-agent shares the session and begins with a prompt of its own."""
    turn(kept)

    assert turn(kept, ask=an_ask(thread="t2")).cache is None
    assert turn(kept, ask=an_ask(session="s2")).cache is None
    assert turn(kept, ask=an_ask(session=None)).cache is None
    assert turn(kept).cache == CacheCount(10_000, CacheLoss.UPSTREAM_MISS)


def test_what_was_not_counted_changes_nothing(kept: CacheLedger) -> None:
    first = turn(kept)
    assert turn(kept, read=None).cache is None
    assert turn(kept, answer=None).cache is None

    last = turn(kept, read=12_000, cached=10_000)

    assert first.last_turn is None and last.last_turn
    assert (last.last_turn.account_id, last.last_turn.input_tokens) == ("a", 10_000)
    assert last.cache == CacheCount(10_000, None)


def test_a_closed_row_is_not_counted_again(kept: CacheLedger) -> None:
    assert turn(kept, closed=True).cache is None
    assert kept.turns == {}


def test_the_conversations_that_were_silent_longest_are_forgotten(kept: CacheLedger) -> None:
    ask = an_ask([])
    for number in range(MOST_CONVERSATIONS):
        turn(kept, ask=replace(ask, thread=str(number)))
    turn(kept, ask=replace(ask, thread="0"))
    turn(kept, ask=replace(ask, thread="new"))

    assert len(kept.turns) == MOST_CONVERSATIONS
    assert ("s1", "0") in kept.turns and ("s1", "1") not in kept.turns


@pytest.mark.parametrize("fields", [{"ask": None}, {"lease": None}, {"result": None}], ids=lambda fields: str(fields))
def test_a_request_that_came_to_nothing_is_none(kept: CacheLedger, fields: dict[str, Any]) -> None:
    flow = a_flow()
    kept.exchanges[flow] = an_answered_exchange(**{"ask": an_ask(), "result": a_result(10_000), **fields})

    kept.request(flow)
    kept.response(flow)

    assert kept.turns == {}
