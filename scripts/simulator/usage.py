"""Tokens of one answer: estimated from sizes, weighed for the usage windows, in the shape the API reports."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

CHARS_PER_TOKEN = 4
"""The usual rule of thumb for English and code."""

CACHED_WEIGHT, OUTPUT_WEIGHT = 0.1, 8.0
"""What a cached input token and an output token weigh in a window, against 1 for a fresh input token: the
ratios of the public price list, rounded."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts; cached is part of input and reasoning part of output."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def tokens_in(chars: int) -> int:
    """The estimated number of tokens of a text, rounded up."""
    return -(-chars // CHARS_PER_TOKEN)


def weighted_tokens(usage: Usage) -> float:
    """What an answer takes out of a usage window."""
    fresh = usage.input_tokens - usage.cached_tokens
    return fresh + CACHED_WEIGHT * usage.cached_tokens + OUTPUT_WEIGHT * usage.output_tokens


def usage_json(usage: Usage) -> dict[str, Any]:
    """The `usage` object of a finished response."""
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
