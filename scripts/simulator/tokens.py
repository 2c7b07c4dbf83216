"""Logins as auth.openai.com hands them out: JWTs with a fake signature, and the auth.json of Codex."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scripts.simulator.plans import Seat

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
"""The public OAuth client of the Codex CLI."""

AUTH_CLAIM, PROFILE_CLAIM = "https://api.openai.com/auth", "https://api.openai.com/profile"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The three tokens of a login."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


def jwt(claims: Mapping[str, Any]) -> str:
    """A JSON web token with these claims and a signature nobody should trust."""
    header = {"alg": "RS256", "typ": "JWT", "kid": "simulated"}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, b"not-signed"])


def make_tokens(seat: Seat, serial: str, issued_at: float, expires_at: float) -> Tokens:
    """The tokens of one login or refresh; `serial` makes them unlike all others."""
    auth = {
        "chatgpt_account_id": seat.chatgpt_account_id,
        "chatgpt_plan_type": seat.plan,
        "chatgpt_user_id": seat.user_id,
        "user_id": seat.user_id,
        "chatgpt_account_is_fedramp": seat.fedramp,
    }
    common = {
        "iss": "https://auth.openai.com",
        "sub": f"auth0|{seat.user_id}",
        "iat": int(issued_at),
        "exp": int(expires_at),
        "jti": serial,
        AUTH_CLAIM: auth,
    }
    profile = {"email": seat.email, "email_verified": True}
    scopes = ["openid", "profile", "email", "offline_access"]
    access = {
        **common,
        "aud": ["https://api.openai.com/v1"],
        "client_id": CLIENT_ID,
        "scp": scopes,
        PROFILE_CLAIM: profile,
    }
    return Tokens(
        id_token=jwt({**common, "aud": [CLIENT_ID], **profile}),
        access_token=jwt(access),
        refresh_token=f"rt_{seat.name}_{serial}",
    )


def auth_json(seat: Seat, tokens: Tokens, last_refresh: float) -> str:
    """The text of the file that `codex login` would write."""
    moment = datetime.fromtimestamp(last_refresh, UTC).isoformat().replace("+00:00", "Z")
    content = {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {
            "id_token": tokens.id_token,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "account_id": seat.chatgpt_account_id,
        },
        "last_refresh": moment,
    }
    return json.dumps(content, indent=2) + "\n"
