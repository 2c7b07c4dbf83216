"""Views of keys for what people are shown: what a test does not name has a plain value."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from codexlb_store.keys import Key, Secret
from codexlb_store.limit_texts import parse_limit
from codexlb_store.limit_uses import LimitUse
from scripts.keys.view import KeyView

NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=datetime.UTC).timestamp()

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def use(text: str, used: int = 0, left: float | None = None) -> LimitUse:
    """A limit of which this much is used, and seconds until it starts afresh."""
    return LimitUse(parse_limit(text), used, None if left is None else NOW + left)


def secret(beginning: str, valid_until: float | None = None) -> Secret:
    return Secret("", f"sk-clb-{beginning}", NOW - DAY, valid_until)


def view(
    name: str, uses: Mapping[str, tuple[int, float | None]] | None = None, beginning: str = "AbCdEfGh", **more: Any
) -> KeyView:
    """A key with limits by their texts, each as units used and seconds to the reset; `more` as in a Key."""
    key = Key(name, NOW - 40 * DAY, **{"id": f"id-of-{name}", "secrets": (secret(beginning),), **more})
    return KeyView(key, tuple(use(text, *figures) for text, figures in (uses or {}).items()))


def everybody() -> list[KeyView]:
    """One key of each kind."""
    return [
        view("former laptop", {"5M-tokens/day": (0, 7 * HOUR)}, "ZyXwVuTs", revoked_at=NOW - 3 * DAY),
        view(
            "Ann's laptop",
            {
                "5M-tokens/day": (2_350_000, 6 * HOUR + 40 * MINUTE),
                "20usd/week": (20_120_000, 6 * HOUR + 40 * MINUTE),
                "60req/min": (48, 21),
                "2M-output/month:gpt-5.5*": (1400, 8 * DAY + 5 * HOUR),
                "4 concurrent": (2, None),
            },
            last_used_at=NOW - 3 * MINUTE,
            expires_at=NOW + 89 * DAY + HOUR,
            models=("gpt-5.5*", "gpt-5.4"),
            efforts=("low", "medium"),
            accounts=("efec3f928e68", "02203f3bbdc1"),
            enforced_effort="low",
            enforced_tier="priority",
            time_zone="Europe/Berlin",
        ),
        view(
            "ci",
            {"1M-tokens/5h": (0, None)},
            secrets=(secret("OldOldOl", NOW - DAY), secret("BeforeBe", NOW + 20 * HOUR), secret("NewNewNe")),
            expires_at=NOW + 3 * DAY,
        ),
        view("everything", beginning="QrStUvWx", last_used_at=NOW - 20),
        view(
            "night build", {"10req/7d": (10, 5 * DAY)}, "KlMnOpQr", disabled_at=NOW - 2 * HOUR, last_used_at=NOW - DAY
        ),
        view("guest", {"100k-tokens/day:gpt-5.5-codex-mini": (0, 6 * HOUR)}, "IjKlMnOp", expires_at=NOW - HOUR),
    ]  # fmt: skip
