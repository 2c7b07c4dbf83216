from __future__ import annotations

import datetime

import pytest

from codexlb_store.limit_texts import parse_limit
from scripts.keys.limit_cells import label_lines, limit_cells, used_of_amount
from tests.scripts.keys.views import HOUR, NOW, use


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("5M-tokens/day", 13, ["5M-tokens/day"]),
        ("5M-tokens/day", 5, ["5M-tokens/day"]),
        ("2M-output/month:gpt-5.5", 23, ["2M-output/month:gpt-5.5"]),
        ("2M-output/month:gpt-5.5", 22, ["2M-output/month", ":gpt-5.5"]),
        ("2M-output/month:gpt-5.5-codex-mini", 15, ["2M-output/month", ":gpt-5.5-codex-", "mini"]),
    ],
)
def test_a_limit_that_is_too_long_has_its_model_below(text: str, width: int, lines: list[str]) -> None:
    assert label_lines(parse_limit(text), width) == lines


@pytest.mark.parametrize(
    ("text", "used", "figures"),
    [
        ("5M-tokens/day", 1234, "1,234 of 5.00M"),
        ("20usd/week", 3_100_000, "$3.10 of $20.00"),
        ("20usd/week", 1, "<$0.01 of $20.00"),
        ("4 concurrent", 2, "2 of 4"),
        ("60req/min", 72, "72 of 60"),
    ],
)
def test_use_in_figures(text: str, used: int, figures: str) -> None:
    assert used_of_amount(use(text, used)) == figures


def test_every_cell_has_a_line_for_each_line_of_the_limit() -> None:
    uses = [use("100-output/day:gpt-5.5", 150, HOUR), use("4 concurrent", 1)]

    cells = [cell.plain.split("\n") for cell in limit_cells(uses, 14, 4, NOW, datetime.UTC)]

    assert cells == [
        ["100-output/day", ":gpt-5.5", "4 concurrent"],
        ["━━━━", "", "━╌╌╌"],
        ["150%", "", "25%"],
        ["1 h 0 min", "", ""],
        ["18:20", "", ""],
    ]
