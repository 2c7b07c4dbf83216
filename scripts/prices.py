"""`codexlb prices`: what the dollars in reports are reckoned with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Column, Table
from rich.text import Text

from codexlb_store.home import home_folder
from codexlb_store.pricing import FILE_NAME, RATES, ModelPrice, PriceError, Prices, PriceSource, load_prices
from codexlb_store.quantity import count
from codexlb_store.schema import StoreError
from scripts.terminal import figures, table, terminal

OWN = "yours"


@click.command("prices")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(as_json: bool) -> None:
    """Show the prices that costs are reckoned with.

    They are those of the public API, per million tokens: what a ChatGPT plan costs does not depend on them. The file
    prices.toml in the data folder sets prices of your own.
    """
    try:
        home = home_folder(os.environ)
        prices = load_prices(home)
    except (StoreError, PriceError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(prices_record(prices), indent=2))
        return
    console = terminal()
    console.print(prices_table(prices))
    for line in remarks(prices, home):
        console.print(Text(f"\n{line}", "dim"), soft_wrap=True)  # a path can be copied


def prices_table(prices: Prices) -> Table:
    """The price list: models of one price together, and in each a line for every tier that has a price of its own."""
    found = table(
        Column("Model", no_wrap=True), Column("Tier"), *map(figures, ("Input", "Cached", "Output")), leading=1
    )
    if prices.own:
        found.add_column("")
    for (price, is_own), names in together(prices).items():
        tiers = [(label, rate) for label, rate in zip(labels(prices), rates(price).values(), strict=True) if rate]
        rows = [(label, *map(dollars, (rate.input, rate.cached, rate.output))) for label, rate in tiers]
        mark = [Text(OWN, "green")] if is_own else []
        found.add_row(Text("\n".join(names), "bold"), *map("\n".join, zip(*rows, strict=True)), *mark)
    return found


def together(prices: Prices) -> Mapping[tuple[ModelPrice, bool], list[str]]:
    """The globs of each price, own prices apart from those that come with Codex-LB; all in the order of their names."""
    found: dict[tuple[ModelPrice, bool], list[str]] = {}
    for name, price in sorted(prices.models):
        found.setdefault((price, name in prices.own_names), []).append(name)
    return found


def labels(prices: Prices) -> tuple[str, ...]:
    """What the rates are called, in the order of RATES."""
    over = f"over {count(prices.long_context_tokens)} input"
    return ("standard", "priority", "flex", over, f"flex, {over}")


def rates(price: ModelPrice) -> dict[str, Any]:
    """The rates of a price by the names that the file has for them."""
    return {name: getattr(price, name) for name in RATES}


def dollars(rate: float) -> str:
    """A price to the cent, or to what the list has below that: $5.00, $0.0375."""
    return f"${rate:.2f}" if rate == round(rate, 2) else f"${rate:.10g}"


def remarks(prices: Prices, home: Path) -> Iterator[str]:
    """Where the prices are from, and how to have others."""
    yield f"US dollars per million tokens: {prices.source}, {prices.as_of:%Y-%m-%d}."
    path = home / FILE_NAME
    if prices.own:
        yield f"What is marked {OWN} is from {path}: {prices.own.text}, {prices.own.as_of:%Y-%m-%d}."
    else:
        yield f"For prices of your own write {path}, in the form that the README shows."


def prices_record(prices: Prices) -> dict[str, Any]:
    """The price list as a JSON object; null where a model has no price of its own for a tier."""
    packaged = PriceSource(prices.source, prices.as_of)
    return {
        "version": 1,
        **_source_record(packaged),
        "long_context_tokens": prices.long_context_tokens,
        "own": {**_source_record(prices.own), "path": str(prices.own.path)} if prices.own else None,
        "models": [
            {
                "model": name,
                "own": name in prices.own_names,
                **{tier: asdict(rate) if rate else None for tier, rate in rates(price).items()},
            }
            for name, price in sorted(prices.models, key=lambda model: model[0])
        ],
    }


def _source_record(source: PriceSource) -> dict[str, str]:
    return {"source": source.text, "as_of": source.as_of.isoformat()}
