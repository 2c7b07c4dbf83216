from __future__ import annotations

import pytest

from codexlb_store.ledger import Tokens
from codexlb_store.limits import LimitKind
from codexlb_store.pricing import load_prices
from codexlb_store.spends import NOTHING, Spend, estimate, estimate_image, spent, to_reserve, used_of

PRICES = load_prices()
SPEND = Spend(requests=1, input_tokens=100, output_tokens=20, micro_usd=300)


@pytest.mark.parametrize(
    ("body_bytes", "model", "tier", "expected"),
    [
        pytest.param(4000, "gpt-5.1", None, Spend(1, 1000, 2048, 21_730), id="by the price list"),
        pytest.param(4001, "gpt-5.1", None, Spend(1, 1001, 2048, 21_731), id="a part of a token is one"),
        pytest.param(4000, "gpt-5.1", "priority", Spend(1, 1000, 2048, 43_460), id="of its tier"),
        pytest.param(0, "gpt-5.1", None, Spend(1, 0, 2048, 20_480), id="no body"),
        pytest.param(57_344, "mystery", None, Spend(1, 14_336, 2048, 2_000_000), id="a model without a price"),
        pytest.param(57_344, None, None, Spend(1, 14_336, 2048, 2_000_000), id="no model"),
    ],
)
def test_what_a_request_will_likely_use(body_bytes: int, model: str | None, tier: str | None, expected: Spend) -> None:
    assert estimate(PRICES, model, tier, body_bytes) == expected


@pytest.mark.parametrize(
    ("body_bytes", "expected"),
    [
        pytest.param(400, Spend(1, 100, 6240, 187_700), id="a prompt"),
        pytest.param(5_000_000, Spend(1, 108_000, 6240, 727_200), id="pictures: their bytes are no tokens"),
    ],
)
def test_what_a_picture_will_likely_use(body_bytes: int, expected: Spend) -> None:
    assert estimate_image(PRICES, "gpt-image-2", None, body_bytes) == expected


@pytest.mark.parametrize(
    ("tokens", "model", "used"),
    [
        pytest.param(Tokens(100, 40, 20, 5), "gpt-5.1", Spend(1, 100, 20, 280), id="as the upstream counted"),
        pytest.param(Tokens(0, 0, 0, None), "gpt-5.1", Spend(1, 0, 0, 0), id="zero is known"),
        pytest.param(Tokens(16_000, 0, 384, None), "mystery", Spend(1, 16_000, 384, 2_000_000), id="without a price"),
        # where nothing is known, what was expected counts
        pytest.param(Tokens(None, None, None, None), "gpt-5.1", Spend(1, 1000, 2048, 21_730), id="a cut stream"),
        pytest.param(Tokens(100, None, None, None), "gpt-5.1", Spend(1, 100, 2048, 20_605), id="input alone"),
        pytest.param(Tokens(None, None, 20, None), "gpt-5.1", Spend(1, 1000, 20, 1450), id="output alone"),
        pytest.param(Tokens(100, None, 20, None), "gpt-5.1", Spend(1, 100, 20, 325), id="no word of the cache"),
    ],
)
def test_what_a_request_has_used(tokens: Tokens, model: str, used: Spend) -> None:
    expected = estimate(PRICES, "gpt-5.1", None, 4000)

    assert spent(PRICES, model, None, tokens, expected) == used


@pytest.mark.parametrize(
    ("kind", "reserved", "reserved_for_nothing", "used"),
    [
        (LimitKind.REQUESTS, 1, 1, 1),
        (LimitKind.TOKENS, 120, 1, 120),
        (LimitKind.INPUT, 100, 1, 100),
        (LimitKind.OUTPUT, 20, 1, 20),
        (LimitKind.USD, 300, 1, 300),
        (LimitKind.CONCURRENT, 1, 1, 0),
    ],
)
def test_what_that_is_of_each_kind(kind: LimitKind, reserved: int, reserved_for_nothing: int, used: int) -> None:
    assert to_reserve(kind, SPEND) == reserved
    assert to_reserve(kind, NOTHING) == reserved_for_nothing
    assert used_of(kind, SPEND) == used
    assert used_of(kind, NOTHING) == 0
