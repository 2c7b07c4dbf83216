"""A Codex login: the text of an auth.json goes in, a Login comes out, or one sentence why it is not one; and back.

Current and older files are read: token names in snake or camel case, an id token or none (the access token
carries the same claims).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from codexlb_store.identity import Json, expiry_of, identity_of, json_of, object_of, text_of


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


def login_of_tokens(access_token: str, refresh_token: str, id_token: str, now: float) -> Login:
    """The login that the issuer has just given these tokens for; raises AuthJsonError if they do not say whose."""
    return _login(access_token, refresh_token, id_token, None, now)


def parse_auth_json(text: str, now: float = 0.0) -> Login:
    """Read the text of a Codex auth.json; raises AuthJsonError.

    A login without a refresh token is one only as long as its access token is good at `now` (unix seconds).
    """
    document = _document(text)
    tokens = _tokens(document)
    login = _login(
        _required(tokens, "access_token", "accessToken"),
        _optional(tokens, "refresh_token", "refreshToken"),
        text_of(tokens, "id_token", "idToken") or "",
        text_of(tokens, "account_id", "accountId"),
        _moment(text_of(document, "last_refresh", "lastRefresh", "lastRefreshAt")),
    )
    if not login.refresh_token and login.expires_at is not None and login.expires_at <= now:
        raise AuthJsonError(
            "The login has expired and has no refresh token: log in anew with `codexlb accounts login`."
        )
    return login


def auth_json_text(login: Login) -> str:
    """The auth.json of a login, as Codex reads it.

    Codex (0.169.0) takes no file without an id token; the access token of such a login says the same.
    """
    tokens = {
        "id_token": login.id_token or login.access_token,
        "access_token": login.access_token,
        "refresh_token": login.refresh_token,
        "account_id": login.chatgpt_account_id,
    }
    document = {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": tokens,
        "last_refresh": None if login.last_refresh is None else _rfc3339(login.last_refresh),
    }
    return json.dumps(document, indent=2) + "\n"


def _login(
    access_token: str, refresh_token: str, id_token: str, chatgpt_account_id: str | None, last_refresh: float | None
) -> Login:
    owner = identity_of(access_token, id_token)
    chatgpt_account_id = chatgpt_account_id or owner.chatgpt_account_id
    if not owner.user_id or not chatgpt_account_id or not chatgpt_account_id.isascii():
        raise AuthJsonError("The login does not say whose account it is: log in with `codexlb accounts login`.")
    return Login(
        email=owner.email or owner.user_id,
        plan=owner.plan or "unknown",
        user_id=owner.user_id,
        chatgpt_account_id=chatgpt_account_id,
        fedramp=owner.fedramp,
        access_token=access_token,
        refresh_token=refresh_token,
        id_token=id_token,
        expires_at=expiry_of(access_token),
        last_refresh=last_refresh,
    )


def _document(text: str) -> Json:
    document = json_of(text)
    if not isinstance(document, dict):
        raise AuthJsonError("The file is no JSON object: give the auth.json that `codex login` writes.")
    return document


def _tokens(document: Json) -> Json:
    tokens = object_of(document, "tokens")
    if tokens:
        return tokens
    if document.get("auth_mode") == "apikey" or text_of(document, "OPENAI_API_KEY"):
        raise AuthJsonError("The file holds an API key, not a ChatGPT login: log in with `codexlb accounts login`.")
    raise AuthJsonError("The file holds no tokens: log in with `codexlb accounts login`.")


def _required(tokens: Json, *names: str) -> str:
    value = text_of(tokens, *names)
    if value is None or not value.isascii():
        raise AuthJsonError(f"The file's tokens lack {names[0]}: log in with `codexlb accounts login`.")
    return value


def _optional(tokens: Json, *names: str) -> str:
    """A token that may be missing; one that is there must be whole."""
    return _required(tokens, *names) if any(tokens.get(name) for name in names) else ""


def _moment(text: str | None) -> float | None:
    """Unix seconds of an RFC 3339 time, not before 1970; of Codex's nanoseconds Python keeps the microseconds."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds >= 0 else None


def _rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
