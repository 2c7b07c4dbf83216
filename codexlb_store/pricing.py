"""What tokens would have cost through the public API: model, tier and counts go in, US dollars come out."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any

from codexlb_store.ledger import Tokens

# "fast" is what Codex's settings call the priority tier.
TIERS = {"priority": "priority", "fast": "priority", "flex": "flex"}


@dataclass(frozen=True, slots=True)
class Rate:
    """Dollars per million tokens."""

    input: float
    cached: float
    output: float


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """One model's rates; None where the model has no price of its own for it."""

    standard: Rate
    priority: Rate | None = None
    flex: Rate | None = None
    long: Rate | None = None
    flex_long: Rate | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """The price list: model globs, longest first, and the day it was true."""

    as_of: datetime.date
    long_context_tokens: int
    models: tuple[tuple[str, ModelPrice], ...]


def load_prices() -> Prices:
    """Read the price list that comes with Codex-LB."""
    table = tomllib.loads(resources.files("codexlb_store").joinpath("prices.toml").read_text("utf-8"))
    return parse_prices(table)


def parse_prices(table: dict[str, Any]) -> Prices:
    """The price list of a TOML table shaped like prices.toml."""
    models = [
        (name, ModelPrice(**{tier: _rate(numbers) for tier, numbers in entry.items() if tier != "names"}))
        for entry in table["models"]
        for name in entry["names"]
    ]
    models.sort(key=lambda model: -len(model[0]))
    return Prices(table["as_of"], table["long_context_tokens"], tuple(models))


def _rate(numbers: list[float]) -> Rate:
    return Rate(numbers[0], numbers[1] if len(numbers) == 3 else numbers[0], numbers[-1])


def cost_usd(prices: Prices, model: str | None, tier: str | None, tokens: Tokens) -> float | None:
    """Dollars for these tokens; None when the model has no price or a count is unknown."""
    price = _price_of(prices, model)
    if price is None or tokens.input is None or tokens.cached is None or tokens.output is None:
        return None
    rate = _rate_of(price, tier, tokens.input > prices.long_context_tokens)
    fresh = max(tokens.input - tokens.cached, 0)
    return (fresh * rate.input + tokens.cached * rate.cached + tokens.output * rate.output) / 1_000_000


def _price_of(prices: Prices, model: str | None) -> ModelPrice | None:
    if model is None:
        return None
    return next((price for name, price in prices.models if fnmatchcase(model, name)), None)


def _rate_of(price: ModelPrice, tier: str | None, is_long: bool) -> Rate:
    """A tier's own rate, else the standard one; priority has one rate for every length."""
    match TIERS.get(tier or ""):
        case "priority" if price.priority:
            return price.priority
        case "flex" if price.flex:
            return (is_long and price.flex_long) or price.flex
        case _:
            return (is_long and price.long) or price.standard
