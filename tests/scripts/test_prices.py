from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Group

from codexlb_store.home import home_folder
from codexlb_store.pricing import load_prices
from scripts.prices import command, prices_table, remarks
from tests.scripts.accounts.people import refused
from tests.scripts.snapshots import printed, snapshot

OWN = """
as_of = 2027-01-31
source = "our contract"
long_context_tokens = 200_000

[[models]]
names = ["gpt-5.5*", "house-*"]
standard = [1, 2]
flex = [0.5, 0.125, 1]
"""


@pytest.fixture
def own() -> Path:
    """A person's own price list."""
    home = home_folder(os.environ)
    home.mkdir()
    (home / "prices.toml").write_text(OWN)
    return home / "prices.toml"


def codexlb_prices(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def as_json() -> Any:
    result = codexlb_prices("--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def page(width: int) -> str:
    home = home_folder(os.environ)
    prices = load_prices(home)
    notes = [line.replace(str(home), "~/.codex-lb") for line in remarks(prices, home)]
    return printed(Group(prices_table(prices), *notes), width)


@pytest.mark.parametrize("width", [80, 140])
def test_the_prices_as_people_see_them(width: int) -> None:
    assert page(width) == snapshot(f"prices-{width}", page(width))


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.usefixtures("own")
def test_prices_of_ones_own_are_marked(width: int) -> None:
    assert page(width) == snapshot(f"prices-own-{width}", page(width))


def test_the_page_names_source_date_and_file() -> None:
    shown = codexlb_prices().stdout

    assert "OpenAI's public API price list, 2026-08-21." in shown
    assert "prices.toml" in shown
    assert not home_folder(os.environ).exists()


def test_the_prices_as_data() -> None:
    found = as_json()

    assert {name: value for name, value in found.items() if name != "models"} == {
        "version": 1,
        "source": "OpenAI's public API price list",
        "as_of": "2026-08-21",
        "long_context_tokens": 272_000,
        "own": None,
    }
    [model] = [model for model in found["models"] if model["model"] == "gpt-5.5*"]
    assert model == {
        "model": "gpt-5.5*",
        "own": False,
        "standard": {"input": 5, "cached": 0.5, "output": 30},
        "priority": {"input": 12.5, "cached": 1.25, "output": 75},
        "flex": {"input": 2.5, "cached": 0.25, "output": 15},
        "long": None,
        "flex_long": None,
    }


def test_ones_own_prices_as_data(own: Path) -> None:
    found = as_json()

    assert found["own"] == {"source": "our contract", "as_of": "2027-01-31", "path": str(own)}
    assert found["long_context_tokens"] == 200_000
    assert [model["model"] for model in found["models"] if model["own"]] == ["gpt-5.5*", "house-*"]


def test_a_price_list_that_cannot_be_used_is_one_sentence(own: Path) -> None:
    own.write_text("[[models]]")

    assert refused(codexlb_prices()) == refused(codexlb_prices("--json"))
    assert refused(codexlb_prices()).startswith(f"The price list {own} cannot be used: as_of must be the day")


def test_a_home_that_nobody_has_is_one_sentence() -> None:
    result = CliRunner().invoke(command, env={"CODEXLB_HOME": "~nobody-here/x"})

    assert "Nobody knows what the ~ of" in refused(result)
