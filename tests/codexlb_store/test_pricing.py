from __future__ import annotations

import datetime

import pytest

from codexlb_store.ledger import Tokens
from codexlb_store.pricing import Prices, cost_usd, load_prices, parse_prices
from tests.codexlb_store.rows import UNKNOWN

PRICES = load_prices()
MILLION = Tokens(200_000, 100_000, 1_000_000, None)
"""At a tier's [input, cached, output]: a tenth of input, a tenth of cached, output."""
LONG = Tokens(272_001, 0, 0, None)
AT_THE_EDGE = Tokens(272_000, 0, 0, None)


@pytest.mark.parametrize(
    ("model", "tier", "tokens", "dollars"),
    [
        pytest.param("gpt-5.1", None, Tokens(100, 40, 20, 7), 0.00028, id="the known example"),
        # the longest name that matches
        pytest.param("gpt-5.6", None, MILLION, 30.55, id="gpt-5.6 is sol"),
        pytest.param("gpt-5.6-sol-2026-07-01", None, MILLION, 30.55, id="sol of a day"),
        pytest.param("gpt-5.6-terra", None, MILLION, 12.22, id="terra"),
        pytest.param("gpt-5.6-luna-high", None, MILLION, 1.222, id="luna"),
        pytest.param("gpt-5.4-mini", None, MILLION, 4.5825, id="mini"),
        pytest.param("gpt-5.1-codex-max", None, MILLION, 10.1375, id="codex max"),
        pytest.param("gpt-5.1-codex-mini", None, MILLION, 2.0275, id="codex mini"),
        pytest.param("gpt-5", None, MILLION, 10.1375, id="gpt-5"),
        pytest.param("gpt-5-2025-08-07", None, MILLION, 10.1375, id="gpt-5 of a day"),
        pytest.param("gpt-image-1-mini", None, MILLION, 30.7, id="image"),
        # tiers
        pytest.param("gpt-5.6-sol", "default", MILLION, 30.55, id="standard by its name"),
        pytest.param("gpt-5.6-sol", "priority", MILLION, 61.1, id="priority"),
        pytest.param("gpt-5.6-sol", "fast", MILLION, 61.1, id="fast is priority"),
        pytest.param("gpt-5.6-sol", "flex", MILLION, 15.275, id="flex"),
        pytest.param("gpt-5.4-mini", "priority", MILLION, 4.5825, id="no such tier: standard"),
        # long context
        pytest.param("gpt-5.6-sol", None, AT_THE_EDGE, 1.36, id="not yet long"),
        pytest.param("gpt-5.6-sol", None, LONG, 2.72001, id="long"),
        pytest.param("gpt-5.6-sol", "priority", LONG, 2.72001, id="long priority: its own rate"),
        pytest.param("gpt-5.4", "flex", LONG, 0.6800025, id="long flex: twice"),
        pytest.param("gpt-5.5", None, LONG, 1.360005, id="long without a long price"),
        pytest.param("gpt-5.5", "flex", LONG, 0.6800025, id="long flex without a long price"),
        # no discount for cached input
        pytest.param("gpt-5.5-pro", None, MILLION, 186.0, id="no cached price"),
        pytest.param("gpt-5.1", None, Tokens(10, 40, 0, None), 0.000005, id="more cached than input"),
        pytest.param("gpt-5.1", None, Tokens(0, 0, 0, None), 0.0, id="nothing used"),
        # unknown is not free
        pytest.param(None, None, MILLION, None, id="no model"),
        pytest.param("gpt-6", None, MILLION, None, id="model without a price"),
        pytest.param("gpt-5-mini", None, MILLION, None, id="no price of a bigger sister"),
        pytest.param("gpt-5.1", None, UNKNOWN, None, id="no counts"),
        pytest.param("gpt-5.1", None, Tokens(None, 0, 0, 0), None, id="input unknown"),
        pytest.param("gpt-5.1", None, Tokens(5, None, 5, 0), None, id="cached unknown"),
        pytest.param("gpt-5.1", None, Tokens(5, 0, None, 0), None, id="output unknown"),
    ],
)
def test_what_tokens_cost(model: str | None, tier: str | None, tokens: Tokens, dollars: float | None) -> None:
    assert cost_usd(PRICES, model, tier, tokens) == (dollars if dollars is None else pytest.approx(dollars))


def test_the_list_says_of_which_day_it_is() -> None:
    assert PRICES.as_of == datetime.date(2026, 8, 21)


def test_every_long_flex_price_is_flex_grown_as_the_long_price_grows() -> None:
    grown = [price for _, price in PRICES.models if price.long and price.flex]

    assert grown
    for price in grown:
        assert price.flex and price.flex_long
        assert price.flex_long.input == pytest.approx(price.flex.input * 2)
        assert price.flex_long.output == pytest.approx(price.flex.output * 1.5)


def test_a_list_of_ones_own_can_be_read() -> None:
    table = {
        "as_of": datetime.date(2030, 1, 1),
        "long_context_tokens": 10,
        "models": [{"names": ["m*"], "standard": [1, 2]}, {"names": ["m-2*"], "standard": [3, 1, 4]}],
    }
    prices: Prices = parse_prices(table)

    assert cost_usd(prices, "m-2", None, Tokens(1_000_000, 0, 0, None)) == 3
    assert cost_usd(prices, "m-1", None, Tokens(1_000_000, 1_000_000, 0, None)) == 1
