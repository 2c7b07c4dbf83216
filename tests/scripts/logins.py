"""Logins as `codex login` writes them."""

from __future__ import annotations

import base64
import json

SECRET = "at-never-to-be-shown"


def auth_json(email: str = "ann@example.com", plan: str = "plus", token: str = SECRET) -> str:
    """What `codex login` writes, with an id token of those claims and an opaque access token."""
    claims = {
        "email": email,
        "https://api.openai.com/auth": {"chatgpt_plan_type": plan, "chatgpt_user_id": f"user-{email}"},
    }
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    tokens = {
        "id_token": f"h.{payload}.s",
        "access_token": token,
        "refresh_token": "rt",
        "account_id": "acct",
    }
    return json.dumps({"auth_mode": "chatgpt", "tokens": tokens, "last_refresh": "2026-11-20T10:00:00Z"})
