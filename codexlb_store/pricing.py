"""What tokens would have cost through the public API: model, tier and counts go in, US dollars come out.

The prices are those that come with Codex-LB, and over them those of a person's own file in the data folder.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

from codexlb_store.ledger import Tokens

# "fast" is what Codex's settings call the priority tier.
TIERS = {"priority": "priority", "fast": "priority", "flex": "flex"}

FILE_NAME = "prices.toml"
KEYS = ("source", "as_of", "long_context_tokens", "models")
RATES = ("standard", "priority", "flex", "long", "flex_long")
"""What may stand in such a file, and in one of its models beside `names`."""

MOST_DOLLARS = 1_000_000
"""Nothing costs so much; a slip of the hand must not make costs that no database takes."""


class PriceError(ValueError):
    """A price list that cannot be used; the message is one sentence."""


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
class PriceSource:
    """Where prices were taken from and the day they were true; `path` is the file of one's own that says them."""

    text: str
    as_of: datetime.date
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """The price list: model globs, longest first, and the day it was true.

    `own` is where the prices of the globs in `own_names` are from, if a person has prices of their own.
    """

    as_of: datetime.date
    long_context_tokens: int
    models: tuple[tuple[str, ModelPrice], ...]
    source: str = "no source named"
    own: PriceSource | None = None
    own_names: frozenset[str] = frozenset()


def load_prices(home: Path | None = None) -> Prices:
    """The price list that comes with Codex-LB, and over it the prices.toml in `home`, if there is one.

    Of the same glob one's own price counts. Raises PriceError.
    """
    packaged = parse_prices(tomllib.loads(resources.files("codexlb_store").joinpath(FILE_NAME).read_text("utf-8")))
    path = home / FILE_NAME if home else None
    if path is None or not path.exists():
        return packaged
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        own = parse_prices({"long_context_tokens": packaged.long_context_tokens, **table})
    except OSError as error:
        raise PriceError(f"The price list {path} cannot be read ({error.strerror}): make it readable.") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or no price list
        raise PriceError(f"The price list {path} cannot be used: {error}; mend it or move it away.") from error
    return _merged(packaged, own, path)


def _merged(packaged: Prices, own: Prices, path: Path) -> Prices:
    source = PriceSource(own.source, own.as_of, path)
    models = {**dict(packaged.models), **dict(own.models)}
    names = frozenset(name for name, _ in own.models)
    return Prices(packaged.as_of, own.long_context_tokens, _longest_first(models), packaged.source, source, names)


def parse_prices(table: Mapping[str, Any]) -> Prices:
    """The price list of a TOML table shaped like prices.toml; raises PriceError without the file's name."""
    if unknown := sorted(set(table) - set(KEYS)):
        raise PriceError(f"{unknown[0]!r} is none of {', '.join(KEYS)}")
    as_of, source, limit = table.get("as_of"), table.get("source", "no source named"), table.get("long_context_tokens")
    if type(as_of) is not datetime.date:
        raise PriceError("as_of must be the day of its prices, as in as_of = 2026-08-21")
    if not isinstance(source, str):
        raise PriceError("source must be a text that says where its prices are from")
    if type(limit) is not int or limit < 0:
        raise PriceError("long_context_tokens must be a number of tokens, as in long_context_tokens = 272_000")
    models = table.get("models", [])
    if not isinstance(models, list) or not all(isinstance(entry, dict) for entry in models):
        raise PriceError("each model must begin with a line [[models]]")
    return Prices(as_of, limit, _longest_first(dict(pair for entry in models for pair in _of_entry(entry))), source)


def _of_entry(entry: Mapping[str, Any]) -> list[tuple[str, ModelPrice]]:
    """The prices of one [[models]] by its globs."""
    names = entry.get("names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise PriceError('each of [[models]] must have names, as in names = ["gpt-5.6*"]')
    said = f"[[models]] with names = {names}"
    if unknown := sorted(set(entry) - {"names", *RATES}):
        raise PriceError(f"{said} has {unknown[0]!r}, which is none of {', '.join(RATES)}")
    if "standard" not in entry:
        raise PriceError(f"{said} must have a standard price, as in standard = [5, 0.5, 30]")
    price = ModelPrice(**{name: _rate(entry[name], f"{name} of {said}") for name in RATES if name in entry})
    return [(name, price) for name in names]


def _rate(numbers: Any, said: str) -> Rate:
    is_list = isinstance(numbers, list) and len(numbers) in (2, 3)
    if not is_list or not all(type(one) in (int, float) and 0 <= one <= MOST_DOLLARS for one in numbers):
        raise PriceError(f"{said} must be dollars per million tokens, as in [5, 0.5, 30]: input, cached, output")
    return Rate(numbers[0], numbers[1] if len(numbers) == 3 else numbers[0], numbers[-1])


def _longest_first(models: Mapping[str, ModelPrice]) -> tuple[tuple[str, ModelPrice], ...]:
    """The glob that says most is asked first."""
    return tuple(sorted(models.items(), key=lambda model: -len(model[0])))


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
