"""A key as data: its view goes in, a JSON object comes out. Times are unix seconds, no rule or unknown is null."""

from __future__ import annotations

from typing import Any

from codexlb_store.limit_texts import limit_text
from codexlb_store.limit_uses import LimitUse
from codexlb_store.limits import MICRO, LimitKind
from scripts.keys.status import ACTIVE, problem_now
from scripts.keys.view import KeyView


def key_record(view: KeyView, now: float) -> dict[str, Any]:
    """One key as a JSON object; nothing in it lets anybody in."""
    key = view.key
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.secrets[-1].prefix,
        "status": problem_now(key, now) or ACTIVE,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "disabled_at": key.disabled_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "limits": [limit_record(use) for use in view.uses],
        "models": key.models,
        "efforts": key.efforts,
        "accounts": key.accounts,
        "enforced": {"model": key.enforced_model, "effort": key.enforced_effort, "tier": key.enforced_tier},
        "time_zone": key.time_zone,
        "secrets": [
            {"prefix": secret.prefix, "made_at": secret.made_at, "valid_until": secret.valid_until}
            for secret in key.secrets
        ],
    }


def limit_record(use: LimitUse) -> dict[str, Any]:
    """One limit and its use, in requests, tokens or US dollars."""
    limit = use.limit
    unit = MICRO if limit.kind is LimitKind.USD else 1
    return {
        "limit": limit_text(limit),
        "kind": limit.kind,
        "span": limit.span,
        "model": limit.model,
        "amount": limit.amount / unit if unit > 1 else limit.amount,
        "used": use.used / unit if unit > 1 else use.used,
        "used_percent": 100 * use.used / limit.amount,
        "resets_at": use.resets_at,
    }
