"""Logins as `codex login` writes them."""

from __future__ import annotations

import base64
import json
from typing import Any

SECRET = "at-never-to-be-shown"


def jwt(claims: dict[str, Any]) -> str:
    """A token that says this; nobody has signed it."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"h.{payload}.s"


def auth_json(
    email: str = "ann@example.com",
    plan: str = "plus",
    token: str = SECRET,
    *,
    refresh_token: str | None = "rt",
    workspace: str = "acct",
    last_refresh: str = "2025-11-20T10:00:00Z",
) -> str:
    """What `codex login` writes, with an id token of those claims and an opaque access token."""
    claims = {
        "email": email,
        "https://api.openai.com/auth": {"chatgpt_plan_type": plan, "chatgpt_user_id": f"user-{email}"},
    }
    tokens = {
        "id_token": jwt(claims),
        "access_token": token,
        "refresh_token": refresh_token,
        "account_id": workspace,
    }
    return json.dumps({"auth_mode": "chatgpt", "tokens": tokens, "last_refresh": last_refresh})
