from __future__ import annotations

import json

import pytest

from scripts.simulator.models import catalog, etag, is_known, models_of
from scripts.simulator.plans import CREDITS

REQUIRED = {
    "slug", "display_name", "supported_reasoning_levels", "shell_type", "visibility", "supported_in_api",
    "priority", "support_verbosity", "truncation_policy", "experimental_supported_tools", "base_instructions",
}  # fmt: skip
"""Without any of these the Codex CLI drops the whole catalog."""


@pytest.mark.parametrize("plan", CREDITS)
def test_every_model_has_what_codex_needs(plan: str) -> None:
    models = json.loads(catalog(plan))["models"]

    assert [sorted(REQUIRED - set(model)) for model in models] == [[]] * len(models)
    assert [model["slug"] for model in models if model["slug"] not in models_of(plan)] == []
    assert len(models) == len(models_of(plan))


def test_a_larger_plan_sees_more() -> None:
    assert models_of("free") < models_of("plus") < models_of("pro") == models_of("enterprise")
    assert len({etag(plan) for plan in ("free", "plus", "pro")}) == 3
    assert etag("plus") == etag("team")


def test_what_no_plan_has_is_unknown() -> None:
    assert is_known("gpt-6.1-sol-pro")
    assert not is_known("gpt-99")
