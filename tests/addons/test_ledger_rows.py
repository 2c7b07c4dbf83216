"""The ledger's rows: what is known of a request when it starts and when it has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from addons.exchange import Affinity, Answer, Exchange, Result
from addons.ledger_rows import attempts_of, closing_of, opening_of
from addons.wire.cache_losses import CacheCount
from addons.wire.routes import Route
from addons.wire.unary import Body
from codexlb_store.ledger import UNKNOWN, AttemptRow, CacheLoss, Closing, Opening, Outcome, Tokens
from tests.addons.price_list import PRICES
from tests.addons.samples import ASK, RESPONSES, a_flow, an_answered_exchange, an_exchange

USED = Tokens(1_000_000, 0, 0, 0)
SERVED = Result(Outcome.COMPLETED, 200, USED, None, None, "resp_1", None, None)
REFUSED = Result(Outcome.REFUSED, 400, UNKNOWN, None, None, None, "no_accounts", None)


def test_a_row_opens_with_all_that_is_known_then() -> None:
    flow = a_flow((b"user-agent", b"codex_cli_rs/0.169.0"), path=f"{RESPONSES}?token=hidden", body=b"12345")

    assert opening_of(an_exchange(ask=replace(ASK, project="0123456789ab")), flow, "p1") == Opening(
        id="x1",
        process="p1",
        opened_at=1000.0,
        kind="turn",
        path=RESPONSES,
        key_id=None,
        session="s1",
        thread="t1",
        account_id="a",
        model="gpt-5.5",
        effort="high",
        tier="priority",
        client="codex_cli_rs/0.169.0",
        request_bytes=5,
        project="0123456789ab",
    )


def test_what_is_not_known_yet_is_none_and_the_kind_is_the_routes() -> None:
    exchange = Exchange(Route.COMPACT, opened_at=1000.0, id="x1")
    flow = a_flow()
    flow.request.raw_content = None  # the client left before it had sent it

    opening = opening_of(exchange, flow, "p1")

    assert opening == Opening(
        "x1", "p1", 1000.0, "compact", RESPONSES, None, None, None, None, None, None, None, None, 0
    )


def test_what_a_client_may_choose_freely_is_cut() -> None:
    flow = a_flow((b"user-agent", b"u" * 9000), path="/backend-api/codex/" + "p" * 9000)

    opening = opening_of(an_exchange(), flow, "p1")

    assert (len(opening.path), len(opening.client or "")) == (200, 200)


def test_what_a_client_and_an_upstream_call_things_is_cut() -> None:
    asked = an_exchange(ask=replace(ASK, model="m" * 9000, effort="e" * 9000, tier="t\n" * 9000))
    said = replace(SERVED, model="m" * 9000, tier="\x1b" * 9000, response_id="r" * 9000)

    opening, closing = opening_of(asked, a_flow(), "p1"), closing_of(an_answered_exchange(), said, PRICES, now=1005.0)

    assert (opening.model, opening.effort, opening.tier) == ("m" * 200, "e" * 200, "t?" * 100)
    assert (closing.model, closing.tier, closing.response_id) == ("m" * 200, "?" * 200, "r" * 200)


def test_what_a_terminal_would_obey_is_not_kept() -> None:
    opening = opening_of(an_exchange(), a_flow((b"user-agent", b"codex\x1b[2Jcli\x7f")), "p1")

    assert opening.client == "codex?[2Jcli?"


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        pytest.param(an_exchange(), (), id="never left"),
        pytest.param(
            an_answered_exchange(answer=None),
            (AttemptRow(1, "a", None, 200, None, 1001.0, 4000.0, USED, 1.0),),
            id="no head",
        ),
        pytest.param(
            an_answered_exchange(answer=Answer(200, "req_1", 1002.0, Body())),
            (AttemptRow(1, "a", None, 200, "req_1", 1001.0, 4000.0, USED, 1.0),),
            id="served",
        ),
    ],
)
def test_a_request_that_left_was_tried_once(exchange: Exchange, expected: tuple[AttemptRow, ...]) -> None:
    assert attempts_of(exchange, SERVED, PRICES, now=1005.0) == expected


FAILED_TRY = AttemptRow(1, "b", "usage_limit_reached", 429, "req_0", 1000.2, 300.0)


def test_the_tries_that_failed_stand_before_the_last_one() -> None:
    served = an_answered_exchange(attempts=[FAILED_TRY])
    nobody_left = an_answered_exchange(attempts=[FAILED_TRY], in_the_air=False)

    assert attempts_of(served, SERVED, PRICES, 1005.0) == (
        FAILED_TRY,
        AttemptRow(2, "a", None, 200, "req_1", 1001.0, 4000.0, USED, 1.0),
    )
    assert attempts_of(nobody_left, REFUSED, PRICES, 1005.0) == (FAILED_TRY,)


def test_a_failed_try_says_why() -> None:
    result = replace(REFUSED, outcome=Outcome.FAILED, status=429, error="usage_limit_reached")

    (attempt,) = attempts_of(an_answered_exchange(), result, PRICES, now=1005.0)

    assert (attempt.failure, attempt.status) == ("usage_limit_reached", 429)


def test_an_incomplete_answer_was_served_by_its_account() -> None:
    result = replace(SERVED, outcome=Outcome.INCOMPLETE, error="max_output_tokens")

    (attempt,) = attempts_of(an_answered_exchange(), result, PRICES, now=1005.0)

    assert attempt.failure is None


def test_a_row_closes_with_how_the_request_ended() -> None:
    assert closing_of(an_answered_exchange(), replace(SERVED, first_output_at=1002.5), PRICES, 1005.0) == Closing(
        id="x1",
        ended_at=1005.0,
        outcome=Outcome.COMPLETED,
        status=200,
        account_id="a",
        model=None,
        tier=None,
        tokens=SERVED.tokens,
        cost_usd=1.0,
        first_token_ms=2500.0,
        total_ms=5000.0,
        response_id="resp_1",
        error=None,
        attempts=(AttemptRow(1, "a", None, 200, "req_1", 1001.0, 4000.0, USED, 1.0),),
    )


def test_a_request_that_was_refused_at_once_cost_nothing_known() -> None:
    row = closing_of(Exchange(Route.RESPONSES, 1000.0, id="x1"), REFUSED, PRICES, 1000.5)

    assert (row.account_id, row.model, row.cost_usd, row.first_token_ms, row.attempts) == (None, None, None, None, ())
    assert (row.outcome, row.status, row.error, row.total_ms) == (Outcome.REFUSED, 400, "no_accounts", 500.0)


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        pytest.param({}, 1.0, id="the model that was asked for, at the standard price"),
        pytest.param({"model": "gpt-5.5-mini"}, 0.5, id="the model that was served"),
        pytest.param({"tier": "priority"}, 2.0, id="the tier that was served"),
        pytest.param({"model": "gpt-x"}, None, id="no price"),
        pytest.param({"tokens": UNKNOWN}, None, id="unknown tokens"),
    ],
)
def test_a_cost_follows_what_the_upstream_confirmed(told: dict[str, Any], cost: float | None) -> None:
    assert closing_of(an_answered_exchange(), replace(SERVED, **told), PRICES, 1005.0).cost_usd == cost


SPENT = Tokens(500_000, 100_000, 1000, None)
FAILED_AFTER_WORK = replace(FAILED_TRY, tokens=SPENT)


def test_what_a_failed_try_used_has_its_price_and_counts_in_the_sum() -> None:
    """The tier that was asked for: of another one nobody has said a word."""
    exchange = an_answered_exchange(attempts=[FAILED_TRY, FAILED_AFTER_WORK])

    row = closing_of(exchange, SERVED, PRICES, 1005.0)

    assert [attempt.cost_usd for attempt in row.attempts] == [None, pytest.approx(0.84), 1.0]
    assert row.tokens == Tokens(1_500_000, 100_000, 1000, 0)
    assert row.cost_usd == pytest.approx(1.84)


def test_a_sum_is_of_what_is_known() -> None:
    exchange = an_answered_exchange(attempts=[FAILED_AFTER_WORK])

    row = closing_of(exchange, replace(SERVED, tokens=UNKNOWN), PRICES, 1005.0)

    assert row.tokens == SPENT
    assert row.cost_usd == pytest.approx(0.84)


@pytest.mark.parametrize(
    ("last", "told", "expected"),
    [
        pytest.param("a", {}, False, id="where it was"),
        pytest.param("b", {}, True, id="elsewhere"),
        pytest.param(None, {}, None, id="its first turn"),
        pytest.param("b", {"lease": None}, None, id="nowhere"),
        pytest.param("b", {"answer": None}, None, id="no answer"),
        pytest.param("b", {"answer": Answer(429, None, 1002.0, Body())}, None, id="turned away"),
        pytest.param("b", {"affinity": None}, None, id="never looked up"),
    ],
)
def test_a_session_has_moved_when_another_account_than_the_last_time_serves_it(
    last: str | None, told: dict[str, Any], expected: bool | None
) -> None:
    exchange = an_answered_exchange(**{"affinity": Affinity("s1", None, last), **told})

    assert closing_of(exchange, SERVED, PRICES, 1005.0).moved is expected


def test_a_row_tells_what_became_of_the_cache() -> None:
    exchange = an_answered_exchange(cache=CacheCount(90_000, CacheLoss.MOVED))

    row = closing_of(exchange, SERVED, PRICES, 1005.0)

    assert (row.expected_cached, row.cache_loss) == (90_000, CacheLoss.MOVED)
