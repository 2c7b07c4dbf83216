"""Small builders of store rows: what a test does not name has a plain value."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlite_utils import Database

from codexlb_store.accounts import Account, AccountStatus, account_id
from codexlb_store.auth_json import Login
from codexlb_store.ledger import AttemptRow, Closing, Opening, Outcome, Tokens, close_exchange, open_exchange

UNKNOWN = Tokens(None, None, None, None)

LOGIN = Login(
    email="ann@example.com",
    plan="plus",
    user_id="user-ann",
    chatgpt_account_id="workspace-1",
    fedramp=False,
    access_token="access-token-of-ann",
    refresh_token="refresh-token-of-ann",
    id_token="id-token-of-ann",
    expires_at=5000.0,
    last_refresh=400.0,
)
ANN = Account(
    id=account_id("user-ann", "workspace-1"),
    alias=None,
    email="ann@example.com",
    plan="plus",
    user_id="user-ann",
    chatgpt_account_id="workspace-1",
    fedramp=False,
    state=AccountStatus.ACTIVE,
    state_reason=None,
    cooling_until=None,
    weight=1.0,
    added_at=100.0,
)
"""What that login is in the store, added at 100."""
OPENING = Opening(
    id="x1",
    process="p1",
    opened_at=1000.0,
    kind="turn",
    path="/backend-api/codex/responses",
    key_id=None,
    session="s1",
    thread="t1",
    account_id="a1",
    model="gpt-5.1",
    effort="high",
    tier=None,
    client="codex",
    request_bytes=30_000,
)
CLOSING = Closing(
    id="x1",
    ended_at=1002.5,
    outcome=Outcome.COMPLETED,
    status=200,
    account_id=None,
    model=None,
    tier=None,
    tokens=Tokens(100, 40, 20, 5),
    cost_usd=0.25,
    first_token_ms=800.0,
    total_ms=2500.0,
    response_id="resp_1",
    error=None,
    attempts=(AttemptRow(1, "a1", None, 200, "req-1", 1000.1, 2400.0),),
)


def a_jwt(claims: Mapping[str, Any]) -> str:
    """An unsigned token that says this."""
    parts = ({"alg": "none"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "signature"])


def add_exchange(db: Database, opening: Opening = OPENING, closing: Closing | None = CLOSING) -> None:
    """Write one exchange; None leaves it open."""
    open_exchange(db, opening)
    if closing is not None:
        close_exchange(db, replace(closing, id=opening.id))


KNOWN = Tokens(100, 40, 20, 5)


def add(
    db: Database,
    *,
    tokens: Tokens = KNOWN,
    cost: float | None = 0.5,
    is_open: bool = False,
    closing: Mapping[str, Any] | None = None,
    **opening: Any,
) -> None:
    """One more exchange, whose only attempt served it; what else is named goes into its opening."""
    number = db["exchanges"].count
    ended = replace(CLOSING, tokens=tokens, cost_usd=cost, **(closing or {}))
    add_exchange(db, replace(OPENING, id=f"x{number}", **opening), None if is_open else ended)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look until it is so, or fail after ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.005)
