from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from codexlb_store.ledger import Tokens
from codexlb_store.pricing import PriceError, Prices, PriceSource, cost_usd, load_prices, parse_prices
from tests.codexlb_store.rows import UNKNOWN

Three = tuple[float, float, float]

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


def test_the_list_says_of_which_day_it_is_and_from_whom() -> None:
    assert PRICES.as_of == datetime.date(2026, 8, 21)
    assert PRICES.source == "OpenAI's public API price list"


@pytest.mark.parametrize(
    ("model", "standard", "priority", "flex", "long"),
    [
        ("gpt-5.6-sol", (5, 0.5, 30), (10, 1, 60), (2.5, 0.25, 15), (10, 1, 45)),
        ("gpt-5.6-terra", (2, 0.2, 12), (4, 0.4, 24), (1, 0.1, 6), (4, 0.4, 18)),
        ("gpt-5.6-luna", (0.2, 0.02, 1.2), (0.4, 0.04, 2.4), (0.1, 0.01, 0.6), (0.4, 0.04, 1.8)),
        ("gpt-5.5", (5, 0.5, 30), (12.5, 1.25, 75), (2.5, 0.25, 15), None),
        ("gpt-5.5-pro", (30, 30, 180), None, (15, 15, 90), None),
        ("gpt-5.4", (2.5, 0.25, 15), (5, 0.5, 30), (1.25, 0.125, 7.5), (5, 0.5, 22.5)),
        ("gpt-5.4-mini", (0.75, 0.075, 4.5), None, (0.375, 0.0375, 2.25), None),
        ("gpt-5.4-nano", (0.2, 0.02, 1.25), None, (0.1, 0.01, 0.625), None),
        ("gpt-5.4-pro", (30, 30, 180), None, (15, 15, 90), (60, 60, 270)),
        ("gpt-5.3", (1.75, 0.175, 14), None, None, None),
        ("gpt-5.3-chat", (1.75, 0.175, 14), None, None, None),
        ("gpt-5.3-codex", (1.75, 0.175, 14), (3.5, 0.35, 28), None, None),
        ("gpt-5.2-codex", (1.75, 0.175, 14), (3.5, 0.35, 28), None, None),
        ("gpt-5.2", (1.75, 0.175, 14), (3.5, 0.35, 28), (0.875, 0.0875, 7), None),
        ("gpt-5.1", (1.25, 0.125, 10), (2.5, 0.25, 20), (0.625, 0.0625, 5), None),
        ("gpt-5", (1.25, 0.125, 10), (2.5, 0.25, 20), (0.625, 0.0625, 5), None),
        ("gpt-5-codex", (1.25, 0.125, 10), (2.5, 0.25, 20), None, None),
        ("gpt-5.1-codex", (1.25, 0.125, 10), (2.5, 0.25, 20), None, None),
        ("gpt-5.1-codex-max", (1.25, 0.125, 10), (2.5, 0.25, 20), None, None),
        ("gpt-5.1-codex-mini", (0.25, 0.025, 2), None, None, None),
        ("gpt-image-2", (5, 2, 30), None, None, None),
    ],
)
def test_the_list_has_every_model_and_tier(
    model: str, standard: Three, priority: Three | None, flex: Three | None, long: Three | None
) -> None:
    assert at_rates(model, None) == pytest.approx(standard)
    assert at_rates(model, "priority") == pytest.approx(priority or standard)
    assert at_rates(model, "flex") == pytest.approx(flex or standard)
    assert at_rates(model, None, beside=272_000) == pytest.approx(long or standard)


def at_rates(model: str, tier: str | None, beside: int = 0) -> Three:
    """Dollars for a million of each of input, cached input and output, told by what a little more of each costs."""

    def cost(input: int, cached: int, output: int) -> float:  # noqa: A002
        dollars = cost_usd(PRICES, model, tier, Tokens(beside + 1 + input, cached, output, None))
        assert dollars is not None
        return dollars

    nothing = cost(0, 0, 0)
    return (
        (cost(1000, 0, 0) - nothing) * 1000,
        (cost(1000, 1000, 0) - nothing) * 1000,
        (cost(0, 0, 1000) - nothing) * 1000,
    )


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


OWN = """
as_of = 2027-01-31
source = "our contract"

[[models]]
names = ["gpt-5.5*", "house-*"]
standard = [1, 2]
"""
TEN = Tokens(1_000_000, 0, 1_000_000, None)


def own_prices(home: Path, text: str) -> Prices:
    home.mkdir(exist_ok=True)
    (home / "prices.toml").write_text(text, "utf-8")
    return load_prices(home)


def test_without_a_file_of_ones_own_the_list_is_the_one_that_came_along(home: Path) -> None:
    assert load_prices(home) == load_prices(None) == PRICES
    assert PRICES.own is None


def test_ones_own_prices_count_for_the_same_glob_and_all_others_stay(home: Path) -> None:
    prices = own_prices(home, OWN)

    costs = {model: cost_usd(prices, model, None, TEN) for model in ("gpt-5.5", "house-1", "gpt-5.5-pro", "gpt-5.4")}
    assert costs == {"gpt-5.5": 3.0, "house-1": 3.0, "gpt-5.5-pro": 210.0, "gpt-5.4": 27.5}
    assert cost_usd(prices, "gpt-5.5", "priority", TEN) == 3.0


def test_each_part_of_the_list_says_where_it_is_from(home: Path) -> None:
    prices = own_prices(home, OWN)

    assert (prices.source, prices.as_of) == (PRICES.source, PRICES.as_of)
    assert prices.own == PriceSource("our contract", datetime.date(2027, 1, 31), home / "prices.toml")
    assert prices.own_names == {"gpt-5.5*", "house-*"}


def test_the_longest_glob_counts_whoever_wrote_it(home: Path) -> None:
    prices = own_prices(home, OWN.replace("gpt-5.5*", "gpt-*"))

    assert cost_usd(prices, "gpt-5.5", None, TEN) == 35.0
    assert cost_usd(prices, "gpt-9", None, TEN) == 3.0


def test_when_a_context_is_long_can_be_set_alone(home: Path) -> None:
    prices = own_prices(home, "as_of = 2027-01-31\nlong_context_tokens = 1000")

    assert prices.models == PRICES.models
    assert cost_usd(prices, "gpt-5.4", None, Tokens(1001, 0, 0, None)) == pytest.approx(1001 * 5e-6)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("as_of = ", "cannot be used: Invalid value", id="no TOML"),
        pytest.param(f"x = {'[' * 5000}", "cannot be used: ", id="nested too deeply"),
        pytest.param("", "as_of must be the day of its prices, as in as_of = 2026-08-21", id="empty"),
        pytest.param('as_of = "2027-01-31"', "as_of must be the day", id="the day as a text"),
        pytest.param("as_of = 2027-01-31T10:00:00", "as_of must be the day", id="the day with a time"),
        pytest.param(
            f"{OWN}\nlong = [1, 2]\nprio = [1, 2]", "has 'prio', which is none of standard", id="no such tier"
        ),
        pytest.param(f"currency = 'EUR'\n{OWN}", "'currency' is none of source, as_of", id="no such setting"),
        pytest.param("as_of = 2027-01-31\nsource = 5", "source must be a text", id="source"),
        pytest.param(
            "as_of = 2027-01-31\nlong_context_tokens = -1", "long_context_tokens must be", id="less than none"
        ),
        pytest.param("as_of = 2027-01-31\nlong_context_tokens = true", "long_context_tokens must be", id="no number"),
        pytest.param("as_of = 2027-01-31\n[models]\n", r"a line \[\[models\]\]", id="one bracket"),
        pytest.param("as_of = 2027-01-31\nmodels = [1]", r"a line \[\[models\]\]", id="models that are none"),
        pytest.param("as_of = 2027-01-31\n[[models]]\nstandard = [1, 2]", "must have names", id="no names"),
        pytest.param("as_of = 2027-01-31\n[[models]]\nnames = []", "must have names", id="an empty list of names"),
        pytest.param("as_of = 2027-01-31\n[[models]]\nnames = 'x'", "must have names", id="one name"),
        pytest.param("as_of = 2027-01-31\n[[models]]\nnames = ['']", "must have names", id="an empty name"),
        pytest.param("as_of = 2027-01-31\n[[models]]\nnames = ['x']", r"\['x'\] must have a standard", id="no price"),
        *(
            pytest.param(OWN.replace("[1, 2]", numbers), "standard of .* must be dollars per million", id=numbers)
            for numbers in (
                "5",
                "[1]",
                "[1, 2, 3, 4]",
                "[1, '2']",
                "[1, -2]",
                "[1, inf]",
                "[true, 2]",
                "[1, 1e300]",
                "[1000001, 2]",
            )
        ),
    ],
)
def test_a_list_that_cannot_be_used_is_one_sentence(text: str, why: str, home: Path) -> None:
    with pytest.raises(PriceError, match=why) as caught:
        own_prices(home, text)

    message = str(caught.value)
    assert message.startswith(f"The price list {home / 'prices.toml'} cannot be used: ")
    assert message.endswith("; mend it or move it away.")
    assert "\n" not in message


def test_a_file_in_another_encoding_is_one_sentence(home: Path) -> None:
    home.mkdir()
    (home / "prices.toml").write_bytes(b"source = '\xe4'")

    with pytest.raises(PriceError, match=r"cannot be used: .*mend it or move it away"):
        load_prices(home)


def test_a_file_that_cannot_be_read_is_one_sentence(home: Path) -> None:
    (home / "prices.toml").mkdir(parents=True)

    with pytest.raises(PriceError, match=r"prices\.toml cannot be read \(Is a directory\): make it readable\."):
        load_prices(home)
