"""A ledger with some days of use, written as the proxy writes it."""

from __future__ import annotations

import datetime
from typing import Any

from codexlb_store.accounts import Account
from codexlb_store.auth_json import Login
from codexlb_store.ledger import AttemptRow, Closing, Opening, Outcome, Tokens, close_exchange, open_exchange
from codexlb_store.logins import save_login
from codexlb_store.vault import Vault
from codexlb_store.windows import Window, save_windows
from scripts.data_folder import DataFolder

NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=datetime.UTC).timestamp()
HOUR = 3600
DAY = 24 * HOUR

UNKNOWN = Tokens(None, None, None, None)


def add_account(folder: DataFolder, email: str, plan: str, workspace: str = "acct") -> Account:
    login = Login(email, plan, email, workspace, False, "at", "rt", "it", None, None)
    return save_login(folder.db, Vault.open(folder.home, {}), login, NOW)[0]


def add_request(
    folder: DataFolder,
    account: Account | None,
    *,
    at: float,
    process: str = "dead",
    model: str | None = "gpt-5.5",
    tokens: Tokens = UNKNOWN,
    outcome: Outcome | None = Outcome.COMPLETED,
    **more: Any,
) -> None:
    """One exchange `at` seconds from now, closed after 2.5 s unless its outcome is None."""
    number, opened_at = f"x{folder.db['exchanges'].count:02}", NOW + at
    seat = None if account is None else account.id
    session, tier = more.get("session", "01a203d1-97f7-77f1-bce4-20f8c1926070"), more.get("tier")
    key, path, client = more.get("key"), "/backend-api/codex/responses", "codex_exec/0.169.0"
    asked = Opening(
        number, process, opened_at, "turn", path, key, session, session, seat, model, "low", tier, client, 30_000
    )
    open_exchange(folder.db, asked)
    if outcome is None:
        return
    attempts = more.get("attempts", (AttemptRow(1, seat, None, 200, "req_1", opened_at, 2500.0),))
    answered = Closing(
        number,
        opened_at + 2.5,
        outcome,
        status=200,
        account_id=None,
        model=None,
        tier=None,
        tokens=tokens,
        cost_usd=more.get("cost"),
        first_token_ms=410.0,
        total_ms=2500.0,
        response_id="resp_1",
        error=more.get("error"),
        attempts=attempts,
    )
    close_exchange(folder.db, answered)


def use(folder: DataFolder, process: str) -> None:
    """Three accounts and some days of use; one request runs in this process."""
    ann = add_account(folder, "ann.miller@example.com", "plus")
    bob = add_account(folder, "bob@work.example.org", "pro")
    carol = add_account(folder, "carol@example.net", "free")
    save_windows(
        folder.db,
        [
            Window(ann.id, 300, 47.4, NOW + 8000, NOW),
            Window(ann.id, 10_080, 12.0, NOW + 273_600, NOW),
            Window(bob.id, 300, 100.0, NOW + 3100, NOW),
            Window(bob.id, 10_080, 81.5, NOW + 5 * DAY, NOW),
            Window(carol.id, 43_200, 93.0, NOW + 20 * DAY, NOW),
        ],
    )
    for hours in range(1, 30):
        tokens = Tokens(18_000 + 900 * hours, 700 * hours, 480 + hours, 64)
        account = (ann, bob, carol)[hours % 3]
        add_request(folder, account, at=-5.5 * hours * HOUR, tokens=tokens, cost=0.043)
    add_request(
        folder,
        bob,
        at=-9 * DAY,
        tokens=Tokens(2_000_000, 1_950_000, 30_000, 9000),
        cost=2.35,
        model="gpt-5.1",
    )
    full = AttemptRow(1, bob.id, "usage_limit", 429, None, NOW - 900, 210.0)
    served = AttemptRow(2, ann.id, None, 200, "req_2", NOW - 899, 2290.0)
    moved = Tokens(21_300, 0, 512, None)
    add_request(folder, ann, at=-900, tokens=moved, cost=0.12, tier="priority", attempts=(full, served))
    add_request(folder, carol, at=-600, outcome=Outcome.FAILED, error="The upstream ended the answer before its end.")
    add_request(folder, ann, at=-300, outcome=Outcome.CANCELLED)
    add_request(folder, None, at=-200, outcome=Outcome.REFUSED, model=None, session=None, attempts=(),
                error="No account can serve now.")  # fmt: skip
    add_request(folder, ann, at=-2, outcome=None, process=process)
    folder.db.conn.commit()
