"""A price list of round numbers: dollars per million tokens."""

from __future__ import annotations

import datetime

from codexlb_store.pricing import parse_prices

PRICES = parse_prices(
    {
        "as_of": datetime.date(2026, 11, 1),
        "long_context_tokens": 272_000,
        "models": [
            {"names": ["gpt-5.5"], "standard": [1, 0.1, 10], "priority": [2, 0.2, 20]},
            {"names": ["gpt-5.5-mini"], "standard": [0.5, 0.05, 5]},
        ],
    }
)
