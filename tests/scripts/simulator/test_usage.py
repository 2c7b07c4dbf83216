from __future__ import annotations

import pytest

from scripts.simulator.usage import Usage, tokens_in, usage_json, weighted_tokens


@pytest.mark.parametrize(("chars", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_four_characters_are_a_token(chars: int, tokens: int) -> None:
    assert tokens_in(chars) == tokens


@pytest.mark.parametrize(
    ("usage", "weight"),
    [
        pytest.param(Usage(), 0, id="nothing"),
        pytest.param(Usage(input_tokens=1000), 1000, id="fresh input"),
        pytest.param(Usage(input_tokens=1000, cached_tokens=1000), 100, id="cached input"),
        pytest.param(Usage(output_tokens=10, reasoning_tokens=9), 80, id="output, reasoning is part of it"),
    ],
)
def test_cached_input_weighs_little_and_output_much(usage: Usage, weight: float) -> None:
    assert weighted_tokens(usage) == weight


def test_usages_add_up() -> None:
    assert Usage(1, 2, 3, 4) + Usage(10, 20, 30, 40) == Usage(11, 22, 33, 44)


def test_the_report_names_the_details_as_the_api_does() -> None:
    assert usage_json(Usage(1200, 1024, 20, 8)) == {
        "input_tokens": 1200,
        "input_tokens_details": {"cached_tokens": 1024},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 8},
        "total_tokens": 1220,
    }
