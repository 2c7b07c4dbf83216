"""A Codex login: the text of an auth.json goes in, a Login comes out, or one sentence why it is not one.

Current and older files are read: token names in snake or camel case, an id token or none (the access token
carries the same claims). Signatures are not checked; the upstream does that on every request.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

AUTH_CLAIM = "https://api.openai.com/auth"
PROFILE_CLAIM = "https://api.openai.com/profile"

LATEST = 253402300800.0
"""Unix seconds of the year 10000: a time beyond it is none."""

Json = Mapping[str, Any]


class AuthJsonError(ValueError):
    """The text is no usable Codex login; the message is one sentence without any of its content."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in, to which workspace, and the tokens that prove it (times in unix seconds)."""

    email: str
    plan: str
    user_id: str
    chatgpt_account_id: str
    fedramp: bool
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    expires_at: float | None
    last_refresh: float | None


def parse_auth_json(text: str) -> Login:
    """Read the text of a Codex auth.json; raises AuthJsonError."""
    document = _document(text)
    tokens = _tokens(document)
    access_token = _required(tokens, "access_token", "accessToken")
    refresh_token = _required(tokens, "refresh_token", "refreshToken")
    id_token = _text(tokens, "id_token", "idToken") or ""
    access = _claims(access_token)
    claims = {**access, **_claims(id_token)}
    auth = {**_object(access, AUTH_CLAIM), **_object(claims, AUTH_CLAIM)}
    email = _text(claims, "email") or _text(_object(claims, PROFILE_CLAIM), "email")
    user_id = _text(auth, "chatgpt_user_id", "user_id") or _text(claims, "sub") or email
    chatgpt_account_id = _text(tokens, "account_id", "accountId") or _text(auth, "chatgpt_account_id")
    if not user_id or not chatgpt_account_id or not chatgpt_account_id.isascii():
        raise AuthJsonError("The login does not say whose account it is: run `codex login` and import the new file.")
    return Login(
        email=email or user_id,
        plan=(_text(auth, "chatgpt_plan_type") or "unknown").lower(),
        user_id=user_id,
        chatgpt_account_id=chatgpt_account_id,
        fedramp=auth.get("chatgpt_account_is_fedramp") is True,
        access_token=access_token,
        refresh_token=refresh_token,
        id_token=id_token,
        expires_at=_number(access, "exp"),
        last_refresh=_moment(_text(document, "last_refresh", "lastRefresh", "lastRefreshAt")),
    )


def _document(text: str) -> Json:
    document = _json(text)
    if not isinstance(document, dict):
        raise AuthJsonError("The file is no JSON object: give the auth.json that `codex login` writes.")
    return document


def _json(text: str | bytes) -> Any:
    """The value, or None. The decoder's own error would carry the whole text, tokens included."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _tokens(document: Json) -> Json:
    tokens = _object(document, "tokens")
    if tokens:
        return tokens
    if document.get("auth_mode") == "apikey" or _text(document, "OPENAI_API_KEY"):
        raise AuthJsonError("The file holds an API key, not a ChatGPT login: run `codex login` with ChatGPT.")
    raise AuthJsonError("The file holds no tokens: run `codex login` and import the auth.json it writes.")


def _required(tokens: Json, *names: str) -> str:
    value = _text(tokens, *names)
    if value is None or not value.isascii():
        raise AuthJsonError(f"The file's tokens lack {names[0]}: run `codex login` and import the new auth.json.")
    return value


def _text(source: Json, *names: str) -> str | None:
    """The first of these fields that is one line of text: it must fit a header, a terminal, a database."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and value.strip() and value.strip().isprintable():
            return value.strip()
    return None


def _object(source: Json, name: str) -> Json:
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def _number(source: Json, name: str) -> float | None:
    value = source.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LATEST:
        return float(value)
    return None


def _claims(token: str) -> Json:
    """What a JWT says; nothing when it is not one (tokens may be opaque)."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = _json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _moment(text: str | None) -> float | None:
    """Unix seconds of an RFC 3339 time; of Codex's nanoseconds Python keeps the microseconds."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
