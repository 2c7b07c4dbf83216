"""What a request has likely used when nobody says it, and that its key's limits count the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from addons.estimates import estimate_of, spend_of
from addons.exchange import Answer, Result
from addons.wire.asks import Ask, parse_ask
from addons.wire.cache_losses import Turn
from addons.wire.routes import Route
from addons.wire.sse import Tap
from addons.wire.unary import Body
from codexlb_store.budgets import Reservation
from codexlb_store.ledger import UNKNOWN, AttemptRow, Estimate, Outcome, Tokens
from codexlb_store.spends import NOTHING, Spend
from tests.addons.price_list import PRICES
from tests.addons.samples import an_answered_exchange

DELTA = b'data: {"type":"response.output_text.delta","delta":"hi"}\n\n'
SEALED = b'data: {"type":"response.output_item.done","item":{"encrypted_content":"%s"}}\n\n' % (b"g" * 1400)

LEFT = Result(Outcome.CANCELLED, 200, UNKNOWN, None, None, None, None, None)
CUT = replace(LEFT, outcome=Outcome.FAILED, error="stream_cut", first_output_at=1002.0)
NEVER_BEGAN = replace(CUT, first_output_at=None)


def an_ask(body_bytes: int = 4000, **fields: Any) -> Ask:
    body = b'{"model":"gpt-5.5","input":""}'
    return replace(parse_ask(Route.RESPONSES, {}, body.ljust(body_bytes)), **fields)


def streamed(*events: bytes, status: int = 200) -> Answer:
    tap = Tap()
    for event in events:
        tap.feed(event, 5.0)
    return Answer(status, None, 1002.0, tap)


def a_turn(account_id: str = "a", body_bytes: int = 2000, input_tokens: int = 1000) -> Turn:
    prompt = an_ask(body_bytes).prompt
    assert prompt
    return Turn(account_id, 900.0, input_tokens, prompt, compacts=False)


@pytest.mark.parametrize(
    ("told", "result", "expected"),
    [
        pytest.param({"answer": streamed(DELTA, DELTA)}, LEFT, (1000, 2), id="the client left"),
        pytest.param({"answer": streamed(DELTA)}, CUT, (1000, 1), id="the stream was cut"),
        pytest.param({"answer": streamed(DELTA, SEALED)}, LEFT, (1000, 101), id="sealed reasoning"),
        pytest.param({"answer": streamed()}, LEFT, (1000, 0), id="left before any output"),
        pytest.param({"answer": None}, LEFT, (1000, 0), id="left before the head"),
        pytest.param({"answer": Answer(200, None, 1002.0, Body())}, CUT, (1000, 0), id="a compaction was cut"),
        pytest.param({}, replace(LEFT, outcome=Outcome.LOST), (1000, 0), id="the proxy was stopped"),
        pytest.param({}, replace(LEFT, outcome=Outcome.COMPLETED), (1000, 0), id="usage: null"),
        pytest.param({"last_turn": a_turn()}, LEFT, (2000, 0), id="as dense as the last turn"),
        # Nobody worked for it, or it is known
        pytest.param({"answer": streamed()}, NEVER_BEGAN, None, id="failed before any output"),
        pytest.param({"answer": streamed(status=429)}, LEFT, None, id="turned away"),
        pytest.param({"answer": None, "in_the_air": False}, LEFT, None, id="nothing was sent"),
        pytest.param({"ask": None}, LEFT, None, id="not read yet"),
        pytest.param({"route": Route.MODELS}, LEFT, None, id="no model answers it"),
        pytest.param({}, replace(LEFT, tokens=Tokens(5, None, None, None)), None, id="the upstream said it"),
    ],
)
def test_an_estimate_is_made_of_what_was_sent_and_what_came(
    told: dict[str, Any], result: Result, expected: tuple[int, int] | None
) -> None:
    exchange = an_answered_exchange(**{"ask": an_ask(), **told})

    estimate = estimate_of(exchange, result, PRICES)

    assert (estimate and (estimate.input_tokens, estimate.output_tokens)) == expected


@pytest.mark.parametrize(
    ("told", "result", "cost"),
    [
        pytest.param({}, LEFT, 1000, id="nothing cached"),
        pytest.param({"last_turn": a_turn(input_tokens=500)}, LEFT, 500 + 50, id="the last turn is cached"),
        pytest.param({"last_turn": a_turn("b", input_tokens=500)}, LEFT, 1000, id="on another account"),
        pytest.param({"last_turn": a_turn(body_bytes=8000)}, LEFT, 50, id="the history is shorter now"),
        pytest.param({"ask": an_ask(tier="priority")}, LEFT, 2000, id="the tier that was asked for"),
        pytest.param({}, replace(LEFT, model="gpt-5.5-mini"), 500, id="the model that was served"),
        pytest.param({"ask": an_ask(model="gpt-x")}, LEFT, None, id="no price"),
    ],
)
def test_an_estimate_has_a_price(told: dict[str, Any], result: Result, cost: float | None) -> None:
    """In micro-dollars."""
    estimate = estimate_of(an_answered_exchange(**{"ask": an_ask(), **told}), result, PRICES)

    assert estimate
    assert estimate.cost_usd == (None if cost is None else pytest.approx(cost / 1_000_000))


EXPECTED = Spend(1, 900, 2048, 12_345)
FAILED = AttemptRow(1, "b", "server_error", 200, None, 1000.0, 9.0, tokens=Tokens(100, 0, 10, None))


@pytest.mark.parametrize(
    ("told", "result", "expected"),
    [
        pytest.param({}, replace(LEFT, tokens=Tokens(700, 0, 9, 1)), Spend(1, 700, 9, 790), id="what was said"),
        pytest.param({}, replace(LEFT, tokens=Tokens(700, None, None, None)), Spend(1, 700, 2048, 21_180), id="half"),
        pytest.param({"answer": streamed(DELTA)}, LEFT, Spend(1, 1000, 1, 1010), id="the estimate"),
        pytest.param({"answer": streamed()}, NEVER_BEGAN, Spend(requests=1), id="failed before any output"),
        pytest.param({"answer": streamed(status=400)}, NEVER_BEGAN, Spend(requests=1), id="turned away"),
        pytest.param({"route": Route.MODELS}, LEFT, Spend(requests=1), id="no model answers it"),
        pytest.param({"answer": None, "in_the_air": False}, LEFT, NOTHING, id="never left"),
        pytest.param({"answer": None, "in_the_air": False, "attempts": [FAILED]}, LEFT, Spend(0, 100, 10, 200),
                     id="every attempt failed, one after it had worked"),
        pytest.param({"answer": streamed(DELTA), "attempts": [FAILED]}, LEFT, Spend(1, 1100, 11, 1210),
                     id="a failed attempt beside"),
    ],
)  # fmt: skip
def test_limits_count_what_the_ledger_says(told: dict[str, Any], result: Result, expected: Spend) -> None:
    exchange = an_answered_exchange(**{"ask": an_ask(), "reservation": Reservation(EXPECTED, ()), **told})

    assert spend_of(exchange, result, PRICES) == expected


def test_an_estimate_and_what_limits_count_of_it_are_the_same() -> None:
    exchange = an_answered_exchange(ask=an_ask(), answer=streamed(DELTA), last_turn=a_turn(input_tokens=500))

    estimate, spend = estimate_of(exchange, LEFT, PRICES), spend_of(exchange, LEFT, PRICES)

    assert estimate and estimate == Estimate(spend.input_tokens, spend.output_tokens, estimate.cost_usd)
    assert estimate.cost_usd == pytest.approx(spend.micro_usd / 1_000_000)
