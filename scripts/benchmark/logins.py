"""Made-up Codex logins: a number goes in, the text of an auth.json comes out that nobody but the benchmark accepts."""

from __future__ import annotations

import base64
import json
from typing import Any

FAR_AHEAD = 4_102_444_800
"""Unix time of the tokens' expiry (the year 2100): a run must never stop to refresh one."""


def token(claims: dict[str, Any]) -> str:
    """A JWT in shape only: its signature is four letters."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "none"])


def auth_json(number: int) -> str:
    """The auth.json of made-up account `number`, on the pro plan."""
    account = f"benchmark-account-{number}"
    claims = {
        "email": f"account-{number}@benchmark.invalid",
        "exp": FAR_AHEAD,
        "https://api.openai.com/auth": {
            "chatgpt_account_id": account,
            "chatgpt_user_id": f"benchmark-user-{number}",
            "chatgpt_plan_type": "pro",
        },
    }
    tokens = {"id_token": token(claims), "access_token": token(claims), "refresh_token": f"benchmark-{number}"}
    tokens["account_id"] = account
    document = {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens}
    return json.dumps(document)
