"""Trouble at the issuer, on the way or at the store costs no account."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

from addons.wire.tokens import RefreshProblem, RefreshReason
from codexlb_store.accounts import AccountStatus
from codexlb_store.credentials import Credential
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from scripts.simulator.faults import Act, Fault, Moment
from tests.addons.upkeep.refresh_lab import GOOD, TOKEN, Lab, Worker
from tests.addons.waiting import until

EXPIRY = RefreshReason.EXPIRY
ACTIVE, NEEDS_LOGIN = AccountStatus.ACTIVE, AccountStatus.NEEDS_LOGIN


@pytest.mark.parametrize(
    ("lab", "code"),
    [pytest.param(240.0, None, id="still good"), pytest.param(-60.0, "http_500", id="expired")],
    indirect=["lab"],
)
async def test_while_it_is_good_a_token_survives_trouble_at_the_issuer(
    lab: Lab, worker: Worker, code: str | None
) -> None:
    lab.sim.script(Fault(path=TOKEN, status=500))
    found = await worker.refresher.fresh(lab.account().id)

    assert found == (RefreshProblem(permanent=False, code=code) if code else worker.credential())
    assert lab.calls() == 1


TROUBLE = {
    "http_500": Fault(path=TOKEN, status=500),
    "http_429": Fault(path=TOKEN, status=429, headers={"retry-after": "1"}),
    "http_403": Fault(path=TOKEN, status=403, body="<html>Just a moment...</html>"),
    "no_access_token": Fault(path=TOKEN, status=200, body={}),
    "issuer_timeout": Fault(path=TOKEN, act=Act.SILENCE),
    "issuer_unreachable": Fault(path=TOKEN, act=Act.RESET),
    "issuer_too_long": Fault(path=TOKEN, status=200, body="x" * 5_000_000),
}


@pytest.mark.parametrize(("code", "fault"), TROUBLE.items(), ids=TROUBLE)
async def test_trouble_that_may_pass_costs_no_account(lab: Lab, worker: Worker, code: str, fault: Fault) -> None:
    """It is the answer for a moment, then the issuer is asked again."""
    lab.sim.script(fault)
    worker.refresher.issuer.patience_seconds = 1.0 if code == "issuer_timeout" else 10.0
    old, problem = worker.credential(), RefreshProblem(permanent=False, code=code)

    found = await asyncio.gather(*(worker.refresher.refreshed(old, EXPIRY) for _ in range(10)))
    found.append(await worker.refresher.refreshed(old, EXPIRY))
    assert found == [problem] * 11
    assert lab.calls() == 1
    assert lab.standing() == (ACTIVE, None)
    assert lab.stored() == worker.pool.credentials == {old.account_id: old}
    await until(lambda: lab.account().last_error == code)

    worker.refresher.issuer.patience_seconds = 10.0
    worker.refresher.failures.forget(old.account_id)  # its pause is over
    assert isinstance(await worker.refresher.refreshed(old, EXPIRY), Credential)


@pytest.mark.parametrize("act", [Act.CLOSE, Act.RESET, Act.SILENCE])
@pytest.mark.parametrize(
    ("lab", "state"), [(-60.0, NEEDS_LOGIN), (GOOD, ACTIVE)], indirect=["lab"], ids=["expired", "good"]
)
async def test_an_answer_lost_on_its_way_does_not_cost_the_account_before_the_issuer_says_so(
    lab: Lab, worker: Worker, act: Act, state: AccountStatus
) -> None:
    """The new tokens are gone, and nobody knows yet that the old one is used up."""
    lab.sim.script(Fault(path=TOKEN, act=act, at=Moment.HEAD))
    worker.refresher.issuer.patience_seconds = 0.5 if act is Act.SILENCE else 10.0
    lost = await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert isinstance(lost, RefreshProblem) and not lost.permanent
    assert lab.standing() == (ACTIVE, None)

    worker.refresher.failures.forget(lab.account().id)  # its pause is over
    told = await worker.refresher.refreshed(worker.credential(), EXPIRY)
    assert told == RefreshProblem(permanent=True, code="refresh_token_reused")
    assert lab.standing() == (state, "refresh_token_reused")
    assert lab.calls() == 2


async def test_a_store_that_cannot_be_written_is_known_before_the_tokens_are_used_up(lab: Lab, worker: Worker) -> None:
    worker.store.patience_seconds = 0.5
    with closing(open_store(lab.home)) as db:
        db.execute("BEGIN IMMEDIATE")
        found = await worker.refresher.refreshed(worker.credential(), EXPIRY)
        db.execute("ROLLBACK")

    assert found == RefreshProblem(permanent=False, code="store_unavailable")
    assert lab.calls() == 0


async def test_a_writer_that_takes_no_more_is_known_before_the_tokens_are_used_up(lab: Lab, worker: Worker) -> None:
    worker.writer.close()
    found = await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert found == RefreshProblem(permanent=False, code="store_unavailable")
    assert lab.calls() == 0


async def test_a_vault_with_another_key_uses_up_no_tokens(lab: Lab, worker: Worker) -> None:
    worker.store.vault = Vault(Fernet(Fernet.generate_key()), lab.home / "other.key")
    found = await worker.refresher.refreshed(worker.credential(), EXPIRY)

    assert found == RefreshProblem(permanent=False, code="store_unavailable")
    assert lab.calls() == 0


async def test_the_same_trouble_is_told_once(lab: Lab, worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    lab.sim.script(Fault(path=TOKEN, status=500, times=3), Fault(path=TOKEN, status=503))
    for _ in range(4):
        await worker.refresher.refreshed(worker.credential(), EXPIRY)
        failed = worker.refresher.failures.last(worker.credential())
        assert failed
        worker.refresher.failures.note(worker.credential(), failed.problem, failed.until - 3600)  # its pause is over

    assert lab.calls() == 4
    assert [line for line in caplog.messages if "could not be refreshed" in line] == [
        f"The token of account {lab.account().id} could not be refreshed: {code}." for code in ("http_500", "http_503")
    ]


async def test_no_token_is_logged(lab: Lab, worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    lab.sim.script(Fault(path=TOKEN, status=500), Fault(path=TOKEN, status=401, body={"error": "invalid_grant"}))
    old = worker.credential()
    for _ in range(2):
        worker.refresher.failures.forget(old.account_id)
        await worker.refresher.refreshed(old, EXPIRY)

    assert "invalid_grant" in caplog.text
    assert old.access_token not in caplog.text and old.refresh_token not in caplog.text
