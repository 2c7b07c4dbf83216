from __future__ import annotations

import base64
import json
from typing import Any

from scripts.simulator.plans import Seat
from scripts.simulator.tokens import AUTH_CLAIM, PROFILE_CLAIM, auth_json, make_tokens

SEAT = Seat("alice", "pro", fedramp=True)
TOKENS = make_tokens(SEAT, "serial-1", issued_at=1_000.9, expires_at=2_000.0)


def claims(token: str) -> Any:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_the_id_token_tells_who_it_is() -> None:
    told = claims(TOKENS.id_token)

    assert told["email"] == "alice@example.com"
    assert told[AUTH_CLAIM] == {
        "chatgpt_account_id": "acct-alice",
        "chatgpt_plan_type": "pro",
        "chatgpt_user_id": "user-alice",
        "user_id": "user-alice",
        "chatgpt_account_is_fedramp": True,
    }


def test_the_access_token_tells_when_it_ends() -> None:
    told = claims(TOKENS.access_token)

    assert (told["iat"], told["exp"], told["jti"]) == (1_000, 2_000, "serial-1")
    assert told[PROFILE_CLAIM]["email"] == "alice@example.com"


def test_serials_make_tokens_differ() -> None:
    other = make_tokens(SEAT, "serial-2", 1_000.9, 2_000.0)

    assert TOKENS.access_token != other.access_token
    assert TOKENS.refresh_token != other.refresh_token


def test_tokens_do_not_show_themselves() -> None:
    assert repr(TOKENS) == "Tokens()"


def test_auth_json_is_what_codex_login_writes() -> None:
    assert json.loads(auth_json(SEAT, TOKENS, last_refresh=0.0)) == {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {
            "id_token": TOKENS.id_token,
            "access_token": TOKENS.access_token,
            "refresh_token": TOKENS.refresh_token,
            "account_id": "acct-alice",
        },
        "last_refresh": "1970-01-01T00:00:00Z",
    }
