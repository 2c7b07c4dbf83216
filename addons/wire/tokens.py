"""The token endpoint: a refresh token in, the request's body out; an answer in, new tokens or the problem out."""

from __future__ import annotations

import dataclasses
import enum
import re

import msgspec

from addons.wire.errors import error_of_json
from addons.wire.lenient import NULL, read_or_none
from addons.wire.redaction import code_without_quotes
from codexlb_store.identity import expiry_of

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


STILL_REFRESHING = RefreshProblem(permanent=False, code="still_refreshing")
"""The refresh goes on; who asked for something that is kept gets that meanwhile."""


class _Answer(msgspec.Struct):
    access_token: msgspec.Raw = NULL
    refresh_token: msgspec.Raw = NULL
    id_token: msgspec.Raw = NULL


_ANSWER = msgspec.json.Decoder(_Answer)
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


def read_refresh_answer(status: int, body: bytes, old_access_token: str | None = None) -> NewTokens | RefreshProblem:
    """Read what the endpoint answered; what is not understood may be better another time.

    Each token may be left out. A new refresh token counts without an access token, for it has ended the old one.
    """
    if status != 200:
        return _problem(status, body)
    answer = read_or_none(_ANSWER, body) or _Answer()
    access_token, refresh_token = _token(answer.access_token), _token(answer.refresh_token)
    if access_token is None and refresh_token is not None:
        access_token = old_access_token
    if access_token is None:
        return RefreshProblem(permanent=False, code="no_access_token")
    return NewTokens(access_token, refresh_token, _token(answer.id_token), expiry_of(access_token))


def code_of(code: str | None, status: int) -> str:
    """What to call a problem: the answer's own code if it looks like one and like no token, else its status."""
    is_name = code is not None and _CODE.fullmatch(code) and code_without_quotes(code, ()) == code
    return code if code and is_name else f"http_{status}"


def _problem(status: int, body: bytes) -> RefreshProblem:
    code = error_of_json(body).code
    final = status == 401 or (status < 500 and status != 429 and code in PERMANENT)
    return RefreshProblem(permanent=final, code=code_of(code, status))


def _token(value: msgspec.Raw) -> str | None:
    """A token that fits into a header: visible ASCII in one piece."""
    text = read_or_none(_TEXT, value)
    return text if text and text.isascii() and text.isprintable() and " " not in text else None
