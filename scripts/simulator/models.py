"""The model catalog that `GET /models` answers with."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

EFFORTS = {
    "low": "Fast responses with lighter reasoning",
    "medium": "Balances speed and reasoning depth for everyday tasks",
    "high": "Greater reasoning depth for complex problems",
    "xhigh": "Extra high reasoning depth for complex problems",
}


def _model(slug: str, name: str, priority: int) -> dict[str, Any]:
    """An entry with every key without which the Codex CLI drops the whole catalog."""
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
        "support_verbosity": True,
        "default_verbosity": "low",
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "context_window": 272_000,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"],
    }


CATALOG: bytes = msgspec.json.encode(
    {
        "models": [
            _model("gpt-6.1-sol", "GPT-6.1-Sol", 1),
            _model("gpt-5.5", "GPT-5.5", 2),
            _model("gpt-5.4-mini", "GPT-5.4-Mini", 3),
        ]
    }
)

ETAG = f'W/"{hashlib.sha256(CATALOG).hexdigest()[:16]}"'
