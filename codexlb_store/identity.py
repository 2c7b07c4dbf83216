"""What tokens say of themselves: a JWT goes in, whose it is and how long it is good comes out, or nothing.

Signatures are not checked; the upstream does that on every request.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AUTH_CLAIM = "https://api.openai.com/auth"
PROFILE_CLAIM = "https://api.openai.com/profile"

LATEST = 253402300800.0
"""Unix seconds of the year 10000: a time beyond it is none."""

MOST_EMAIL_CHARACTERS, MOST_PLAN_CHARACTERS = 254, 64
"""An address is no longer (RFC 5321); what is fills the screen, and is no name to type."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """What tokens say of their owner; None where they say nothing."""

    email: str | None
    plan: str | None
    user_id: str | None
    chatgpt_account_id: str | None
    fedramp: bool


def identity_of(access_token: str, id_token: str) -> Identity:
    """Whose tokens these are; where both speak the id token counts, and opaque ones ("" too) say nothing."""
    access = _claims(access_token)
    claims = {**access, **_claims(id_token)}
    auth = {**object_of(access, AUTH_CLAIM), **object_of(claims, AUTH_CLAIM)}
    email = text_of(claims, "email") or text_of(object_of(claims, PROFILE_CLAIM), "email") or ""
    email = email if len(email) <= MOST_EMAIL_CHARACTERS else ""
    plan = (text_of(auth, "chatgpt_plan_type") or "").lower()
    return Identity(
        email=email or None,
        plan=plan if 0 < len(plan) <= MOST_PLAN_CHARACTERS else None,
        user_id=text_of(auth, "chatgpt_user_id", "user_id") or text_of(claims, "sub") or email or None,
        chatgpt_account_id=text_of(auth, "chatgpt_account_id"),
        fedramp=auth.get("chatgpt_account_is_fedramp") is True,
    )


def expiry_of(token: str) -> float | None:
    """Until when a token says it is good, in unix seconds; None when it does not say."""
    moment = _claims(token).get("exp")
    if isinstance(moment, int | float) and not isinstance(moment, bool) and 0 <= moment < LATEST:
        return float(moment)
    return None


def text_of(source: Json, *names: str) -> str | None:
    """The first of these fields that is one line of text: it must fit a header, a terminal, a database."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and value.strip() and value.strip().isprintable():
            return value.strip()
    return None


def object_of(source: Json, name: str) -> Json:
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def json_of(text: str | bytes) -> Any:
    """The value, or None. The decoder's own error would carry the whole text, tokens included."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _claims(token: str) -> Json:
    """What a JWT says; nothing when it is not one (tokens may be opaque)."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = json_of(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}
