"""An upstream quotes the token it was sent: neither the client, nor the ledger, nor the log gets it."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from codexlb_store.account_views import account_views
from codexlb_store.credentials import load_credentials
from codexlb_store.exchanges import ExchangeRow
from codexlb_store.schema import DATABASE_NAME, open_store
from codexlb_store.vault import Vault
from scripts.simulator.faults import Act, Fault, Moment
from tests.addons.test_failover import CODEX, Lab, lab
from tests.end_to_end.planted import Planted


def planted(stage: Lab) -> Planted:
    """Every token of the pool."""
    home = stage.proxy.home
    with closing(open_store(home)) as db:
        known = load_credentials(db, Vault.open(home, os.environ)).values()
    return Planted({"a token": [token for one in known for token in (one.access_token, one.refresh_token)]})


def quoting(token: str) -> dict[str, Any]:
    return {"error": {"code": token, "type": f"type {token}", "message": f"I do not know {token}, sorry."}}


FAULTS = {
    "401": {"status": 401},
    "403": {"status": 403},
    "503": {"status": 503},
    "500": {"status": 500},
    "400, which is passed on": {"status": 400},
    "first event": {"act": Act.FAILED, "at": Moment.CREATED},
    "last event": {"act": Act.FAILED, "at": Moment.OUTPUT},
}


def token_of(stage: Lab, name: str) -> str:
    """What an account's requests are sent with."""
    home = stage.proxy.home
    with closing(open_store(home)) as db:
        return load_credentials(db, Vault.open(home, os.environ))[stage.ids[name]].access_token


def faults(stage: Lab, shape: dict[str, Any]) -> list[Fault]:
    """Every account fails so for as long as it is asked, and quotes its own token."""
    found = []
    for name in stage.ids:
        token = token_of(stage, name)
        said = quoting(token)
        told = {"body": said, "headers": {"x-request-id": token}} if "status" in shape else {"error": said["error"]}
        found.append(Fault(account=name, path="/responses", times=None, **shape, **told))
    return found


def texts_of(row: ExchangeRow) -> str:
    return json.dumps([row.error, [attempt.failure for attempt in row.attempts]])


@pytest.mark.parametrize("shape", FAULTS.values(), ids=FAULTS)
async def test_a_token_that_all_accounts_are_told_of_is_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, shape: dict[str, Any]
) -> None:
    async with lab(tmp_path) as stage:
        secrets = planted(stage)
        stage.simulator.script(*faults(stage, shape))
        code, body = await stage.turn()
        row = await stage.last_row()
        with closing(open_store(tmp_path)) as db:
            views = str(account_views(db, row.opened_at, ()))

    assert code >= 400 or b"response.failed" in body
    if shape.get("at") is not Moment.OUTPUT:  # what the model has begun to say passes as it comes
        assert secrets.found_in(body) == []
    assert secrets.found_in((texts_of(row) + views + caplog.text).encode()) == []
    assert row.outcome == "failed"
    kept = b"".join(path.read_bytes() for path in tmp_path.glob(f"{DATABASE_NAME}*"))
    assert secrets.found_in(kept) == []


async def test_what_is_hidden_leaves_the_rest_of_an_error_as_it_was(tmp_path: Path) -> None:
    """What stands there instead is as long, so the head tells no lie."""
    async with lab(tmp_path) as stage:
        token = token_of(stage, stage.a)
        fault = Fault(account=stage.a, status=400, body=quoting(token), headers={"x-why": f"not {token}"})
        stage.simulator.script(fault)
        head = (
            f"POST {CODEX.path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {len(CODEX.body)}"
        )
        answer = await stage.proxy.send(f"{head}\r\n\r\n".encode() + CODEX.body)

    top, _, body = answer.partition(b"\r\n\r\n")
    blot = "*" * len(token)
    assert json.loads(body) == quoting(blot)
    assert f"x-why: not {blot}".encode() in top.lower()
    assert f"content-length: {len(body)}".encode() in top.lower()
