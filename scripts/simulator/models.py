"""The model catalog: the name of a plan goes in, what `GET /models` answers and which models it may use come out."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

import msgspec

from scripts.simulator.plans import CREDITS

EFFORTS = {
    "low": "Fast responses with lighter reasoning",
    "medium": "Balances speed and reasoning depth for everyday tasks",
    "high": "Greater reasoning depth for complex problems",
    "xhigh": "Extra high reasoning depth for complex problems",
}


def _model(slug: str, name: str, priority: int) -> dict[str, Any]:
    """An entry with every key without which the Codex CLI (0.136 wants the most) drops the whole catalog."""
    return {
        "slug": slug,
        "display_name": name,
        "description": "A simulated model.",
        "default_reasoning_level": "medium",
        "supported_reasoning_levels": [{"effort": key, "description": text} for key, text in EFFORTS.items()],
        "shell_type": "unified_exec",
        "visibility": "list",
        "supported_in_api": True,
        "priority": priority,
        "service_tiers": [{"id": "priority", "name": "Fast", "description": "2x speed, increased usage"}],
        "base_instructions": "You are Codex, a coding agent.",
        "supports_reasoning_summaries": True,
        "supports_parallel_tool_calls": True,
        "support_verbosity": True,
        "default_verbosity": "low",
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "context_window": 272_000,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"],
    }


PAID = frozenset(CREDITS) - {"free", "go"}
LARGE = frozenset({"pro", "enterprise"})

CATALOG: tuple[tuple[dict[str, Any], frozenset[str]], ...] = (
    (_model("gpt-6.1-sol", "GPT-6.1-Sol", 1), PAID),
    (_model("gpt-6.1-sol-pro", "GPT-6.1-Sol Pro", 2), LARGE),
    (_model("gpt-5.5", "GPT-5.5", 3), frozenset(CREDITS)),
    (_model("gpt-5.4-mini", "GPT-5.4-Mini", 4), frozenset(CREDITS)),
    ({**_model("codex-auto-review", "Codex Auto Review", 5), "visibility": "hide"}, frozenset(CREDITS)),
)
"""Every model, and the plans that have it."""


def models_of(plan: str) -> frozenset[str]:
    """The models that an account of this plan may use."""
    return frozenset(model["slug"] for model, plans in CATALOG if plan in plans)


def is_known(model: str) -> bool:
    """Whether any plan has this model."""
    return any(known["slug"] == model for known, _ in CATALOG)


@functools.cache
def catalog(plan: str) -> bytes:
    """The list that an account of this plan is shown."""
    return msgspec.json.encode({"models": [model for model, plans in CATALOG if plan in plans]})


@functools.cache
def etag(plan: str) -> str:
    """The version of that list."""
    return f'W/"{hashlib.sha256(catalog(plan)).hexdigest()[:16]}"'
