"""The token endpoint: a refresh token in, the request's body out; an answer in, new tokens or the problem out."""

from __future__ import annotations

import base64
import dataclasses
import enum
import re

import msgspec

from addons.wire.errors import error_of_json
from addons.wire.lenient import NULL, read_or_none

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
"""The public OAuth client of the Codex CLI: its refresh tokens are good for no other."""

PERMANENT = frozenset(
    {
        # the Codex CLI's own list, then OAuth's word, then what has been seen beside them
        *("refresh_token_expired", "refresh_token_reused", "refresh_token_invalidated"),
        *("invalid_grant", "token_expired", "token_invalidated", "app_session_terminated"),
        *("account_session_expired", "account_auth_invalidated"),
        *("account_deactivated", "account_suspended", "account_deleted"),
    }
)
"""Codes that no second try will change: a person must log in again."""

LATEST = 253402300800.0
"""Unix seconds of the year 10000: a time beyond it is none."""

# What an answer calls a problem goes into the log and onto the screen, so it must look like a name.
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class RefreshReason(enum.StrEnum):
    """Why a token is refreshed, in the endpoint's words."""

    EXPIRY = "proactive_expiry"
    UNAUTHORIZED = "unauthorized_recovery"


@dataclasses.dataclass(frozen=True, slots=True)
class NewTokens:
    """What a refresh gave; None where the old token stays. `expires_at` is the access token's, in unix seconds."""

    access_token: str = dataclasses.field(repr=False)
    refresh_token: str | None = dataclasses.field(repr=False)
    id_token: str | None = dataclasses.field(repr=False)
    expires_at: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class RefreshProblem:
    """Why there are no new tokens; `permanent` when only a new login will help."""

    permanent: bool
    code: str


class _Answer(msgspec.Struct):
    access_token: msgspec.Raw = NULL
    refresh_token: msgspec.Raw = NULL
    id_token: msgspec.Raw = NULL


class _Claims(msgspec.Struct):
    exp: float | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_CLAIMS = msgspec.json.Decoder(_Claims)
_TEXT = msgspec.json.Decoder(str)


def refresh_request(refresh_token: str, reason: RefreshReason) -> bytes:
    """Write the JSON body that asks for new tokens."""
    return msgspec.json.encode(
        {
            "client_id": CLIENT_ID,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "refresh_reason": reason,
        }
    )


def read_refresh_answer(status: int, body: bytes) -> NewTokens | RefreshProblem:
    """Read what the endpoint answered; what is not understood may be better another time."""
    if status != 200:
        return _problem(status, body)
    answer = read_or_none(_ANSWER, body) or _Answer()
    access_token = _token(answer.access_token)
    if access_token is None:
        return RefreshProblem(permanent=False, code="no_access_token")
    return NewTokens(
        access_token=access_token,
        refresh_token=_token(answer.refresh_token),
        id_token=_token(answer.id_token),
        expires_at=expiry_of(access_token),
    )


def expiry_of(token: str) -> float | None:
    """Until when a JWT says it is good, in unix seconds; None when it does not say, or is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    except ValueError:
        return None
    claims = read_or_none(_CLAIMS, payload)
    return claims.exp if claims and claims.exp is not None and 0 <= claims.exp < LATEST else None


def _problem(status: int, body: bytes) -> RefreshProblem:
    code = error_of_json(body).code or ""
    final = status == 401 or (status < 500 and status != 429 and code in PERMANENT)
    return RefreshProblem(permanent=final, code=code if _CODE.fullmatch(code) else f"http_{status}")


def _token(value: msgspec.Raw) -> str | None:
    """A token that fits into a header: visible ASCII in one piece."""
    text = read_or_none(_TEXT, value)
    return text if text and text.isascii() and text.isprintable() and " " not in text else None
