"""Whether an account can serve, and if not, why."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from addons.readiness import Watch, readiness
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Standing
from codexlb_store.windows import Window
from codexlb_store.writer import Writer
from tests.addons.samples import ACCOUNT, a_pool

ACTIVE, PAUSED, LIMITED = AccountStatus.ACTIVE, AccountStatus.PAUSED, AccountStatus.LIMITED
COOLING, NEEDS_LOGIN = AccountStatus.COOLING, AccountStatus.NEEDS_LOGIN


def standings(*statuses: tuple[AccountStatus, float | None]) -> list[Standing]:
    return [Standing(str(number), "plus", status, until) for number, (status, until) in enumerate(statuses)]


@pytest.mark.parametrize(
    ("found", "candidates", "is_writable", "reason", "until"),
    [
        pytest.param(standings((ACTIVE, None)), ["0"], True, None, None, id="one serves"),
        pytest.param(standings((ACTIVE, None), (LIMITED, 9.0)), ["0"], True, None, None, id="one of two serves"),
        pytest.param(standings((ACTIVE, None)), ["0"], False, "store_unavailable", None, id="no row can be written"),
        pytest.param([], [], True, "no_accounts", None, id="no account"),
        pytest.param(
            standings((LIMITED, 9.0), (LIMITED, 7.0)), [], True, "usage_limit_reached", 7.0, id="all are used up"
        ),
        pytest.param(standings((COOLING, 5.0)), [], True, "cooling", 5.0, id="it rests"),
        pytest.param(standings((PAUSED, None)), [], True, "paused", None, id="it is paused"),
        pytest.param(standings((NEEDS_LOGIN, None)), [], True, "needs_login", None, id="it needs a login"),
        pytest.param(
            standings((LIMITED, 9.0), (PAUSED, None)), [], True, "no_account_free", 9.0, id="for several reasons"
        ),
    ],
)
def test_readiness(
    found: list[Standing], candidates: list[str], is_writable: bool, reason: str | None, until: float | None
) -> None:
    ready = readiness(found, candidates, is_writable)

    assert (ready.reason, ready.until) == (reason, until)
    assert ready.message.endswith(".")


def test_every_status_has_a_reason_or_serves() -> None:
    reasons = {status: readiness(standings((status, None)), (), is_writable=True).reason for status in AccountStatus}

    assert reasons.pop(ACTIVE) == "no_account_free", "active, but something else keeps it from serving"
    assert None not in reasons.values()
    assert len(set(reasons.values())) == len(reasons)


def test_it_is_told_since_when_and_until_when(tmp_path: Path) -> None:
    pool = a_pool(ACCOUNT)
    writer = Writer(tmp_path)
    writer.start()
    watch = Watch(pool, writer)
    pool.note_windows([Window("a", 300, 100.0, 500.0, 90.0)])

    assert [watch.answer(now).status for now in (100.0, 110.0, 500.0, 510.0)] == [503, 503, 200, 200]
    assert watch.since == 500.0
    pool.note_account(replace(ACCOUNT, state=AccountStatus.PAUSED))
    answer = watch.answer(600.0)
    writer.close()

    assert json.loads(answer.body) == {
        "status": "unavailable", "reason": "paused", "message": "Every account is paused: see `codexlb accounts list`.",
        "since": 600.0, "until": None,
    }  # fmt: skip
    assert "retry-after" not in dict(answer.headers)


def test_when_the_end_is_known_it_is_a_retry_after_too(tmp_path: Path) -> None:
    pool = a_pool(ACCOUNT, windows=(Window("a", 300, 100.0, 500.0, 90.0),))
    writer = Writer(tmp_path)
    writer.start()
    answer = Watch(pool, writer).answer(470.2)
    writer.close()

    assert dict(answer.headers)["retry-after"] == "30"
    assert json.loads(answer.body)["until"] == 500.0


def test_a_writer_that_does_not_run_makes_nothing_ready(tmp_path: Path) -> None:
    answer = Watch(a_pool(ACCOUNT), Writer(tmp_path)).answer(100.0)

    assert (answer.status, json.loads(answer.body)["reason"]) == (503, "store_unavailable")
