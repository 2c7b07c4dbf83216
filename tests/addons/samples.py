"""Small builders of what addons meet: what a test does not name has a plain value."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from mitmproxy import http
from mitmproxy.test import tflow, tutils

from addons.exchange import Affinity, Answer, Client, Exchange, Lease
from addons.wire.asks import Ask
from addons.wire.endpoints import Kind
from addons.wire.origins import Origin
from addons.wire.routes import Route
from addons.wire.unary import Body
from codexlb_store.accounts import Account, AccountStatus
from codexlb_store.auth_json import parse_auth_json
from codexlb_store.budgets import Reservation
from codexlb_store.credentials import Credential
from codexlb_store.logins import save_login
from codexlb_store.pool import Pool, Snapshot
from codexlb_store.schema import open_store
from codexlb_store.selection import Choice
from codexlb_store.sessions import Home
from codexlb_store.spends import NOTHING
from codexlb_store.vault import Vault
from codexlb_store.windows import Window

RESPONSES = "/backend-api/codex/responses"

ACCOUNT = Account(
    id="a",
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
    added_at=1.0,
)
CREDENTIAL = Credential(
    account_id="a",
    chatgpt_account_id="workspace-1",
    access_token="at-of-ann",
    refresh_token="rt-of-ann",
    expires_at=None,
    last_refresh=None,
    version=1,
    fedramp=False,
)
ASK = Ask(Kind.TURN, model="gpt-5.5", effort="high", tier="priority", stream=True, session="s1", thread="t1")


def an_exchange(**fields: Any) -> Exchange:
    """A turn that every step has let pass, just before it leaves."""
    exchange = Exchange(
        Route.RESPONSES,
        opened_at=1000.0,
        id="x1",
        client=Client("127.0.0.1", key=None),
        ask=ASK,
        affinity=Affinity("s1", home=None),
        lease=Lease("a", Choice("a", (("a", 1.0),))),
        credential=CREDENTIAL,
        upstream=Origin("https", "chatgpt.com", 443),
        recorded=True,
        permitted=True,
        reservation=Reservation(NOTHING, ()),
        head_seen=True,
    )
    return replace(exchange, **fields)


def an_answered_exchange(**fields: Any) -> Exchange:
    """The same turn once its answer has begun."""
    fields = {
        "cleared": True,
        "sent_at": 1001.0,
        "in_the_air": True,
        "answer": Answer(200, "req_1", 1002.0, Body()),
        **fields,
    }
    return an_exchange(**fields)


def a_flow(
    *headers: tuple[bytes, bytes], method: str = "POST", path: str = RESPONSES, body: bytes = b"{}"
) -> http.HTTPFlow:
    """A request of a client on this machine, without an answer."""
    fields = headers or ((b"host", b"127.0.0.1"),)
    request = tutils.treq(
        method=method.encode(), path=path.encode(), authority=b"", content=body, headers=http.Headers(fields)
    )
    client = tflow.tclient_conn()
    client.peername = ("127.0.0.1", 50_000)
    return tflow.tflow(client_conn=client, req=request)


def an_answered_flow(status: int = 200, *headers: tuple[bytes, bytes], body: bytes = b"") -> http.HTTPFlow:
    """A request of a client on this machine with the head and body of its answer."""
    flow = a_flow()
    flow.response = tutils.tresp(status_code=status, headers=http.Headers(headers), content=body)
    return flow


def a_pool(*accounts: Account, windows: tuple[Window, ...] = (), homes: tuple[Home, ...] = ()) -> Pool:
    """A pool of these accounts, each with a credential."""
    credentials = {account.id: replace(CREDENTIAL, account_id=account.id) for account in accounts}
    by_account = {account.id: tuple(w for w in windows if w.account_id == account.id) for account in accounts}
    return Pool(
        Snapshot(
            {account.id: account for account in accounts},
            credentials,
            by_account,
            {home.session: home for home in homes},
        )
    )


def import_logins(home: Path, *auth_jsons: str) -> Path:
    """The data folder `home` with the accounts of these logins."""
    with closing(open_store(home)) as db:
        vault = Vault.open(home, os.environ)
        for text in auth_jsons:
            save_login(db, vault, parse_auth_json(text), time.time())
    return home
