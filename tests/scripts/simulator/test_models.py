from __future__ import annotations

import json

from scripts.simulator.models import CATALOG

REQUIRED = {
    "slug", "display_name", "supported_reasoning_levels", "shell_type", "visibility", "supported_in_api",
    "priority", "support_verbosity", "truncation_policy", "experimental_supported_tools", "base_instructions",
}  # fmt: skip
"""Without any of these the Codex CLI drops the whole catalog."""


def test_every_model_has_what_codex_needs() -> None:
    models = json.loads(CATALOG)["models"]

    assert [sorted(REQUIRED - set(model)) for model in models] == [[]] * len(models)
    assert len({model["slug"] for model in models}) == len(models)
