"""When nobody can serve, the client is told the truth, in a way that the real Codex understands."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from addons.empty_pool import nobody_can_serve
from addons.wire.failures import Diagnosis, Failure
from codexlb_store.accounts import AccountStatus
from codexlb_store.pool import Pool, Snapshot
from codexlb_store.windows import Window
from tests.addons.samples import ACCOUNT, an_exchange

NOW = 10_000.0


def pool(*states: AccountStatus) -> Pool:
    """A pool whose accounts a0, a1, ... stand so; LIMITED ones are back after 600 and 700 s, COOLING ones after 20."""
    accounts = {f"a{number}": replace(ACCOUNT, id=f"a{number}") for number in range(len(states))}
    made = Pool(Snapshot(accounts, {}, {}, {}))
    for number, state in enumerate(states):
        account_id = f"a{number}"
        if state is AccountStatus.LIMITED:
            made.note_windows([Window(account_id, 300, 100.0, NOW + 600 + 100 * number, NOW)])
        elif state is AccountStatus.COOLING:
            made.health.rest(account_id, NOW + 20)
        else:
            made.note_account(replace(made.accounts[account_id], state=state))
    return made


OVERLOADED = Diagnosis(Failure.OVERLOADED, "server_is_overloaded", "Too busy.")
UNREACHABLE = Diagnosis(Failure.UNREACHABLE, "connect", "refused")
NO_MODEL = Diagnosis(Failure.MODEL_UNAVAILABLE, "model_not_found", None)

TRUTHS = {
    "no account": ((), None, 400, "no_accounts"),
    "all paused": ((AccountStatus.PAUSED,), None, 400, "no_accounts"),
    "all need a login": ((AccountStatus.NEEDS_LOGIN, AccountStatus.PAUSED), None, 400, "no_accounts"),
    "all out of quota": ((AccountStatus.LIMITED, AccountStatus.LIMITED), None, 429, "usage_limit_reached"),
    "out of quota, one paused": ((AccountStatus.LIMITED, AccountStatus.PAUSED), None, 429, "usage_limit_reached"),
    "resting": ((AccountStatus.COOLING, AccountStatus.LIMITED), None, 503, "busy"),
    "overloaded": ((AccountStatus.ACTIVE,), OVERLOADED, 503, "server_is_overloaded"),
    "unreachable": ((AccountStatus.ACTIVE,), UNREACHABLE, 502, "upstream_unreachable"),
    "busy for too long": ((AccountStatus.ACTIVE,), None, 503, "busy"),
}


@pytest.mark.parametrize(("states", "last", "status", "code"), TRUTHS.values(), ids=TRUTHS.keys())
def test_the_answer_says_what_is_so(
    states: tuple[AccountStatus, ...], last: Diagnosis | None, status: int, code: str
) -> None:
    exchange = an_exchange(diagnoses=[("a0", last)] if last else [])

    answer = nobody_can_serve(exchange, pool(*states), NOW)

    assert answer is not None
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (status, code)


def test_a_model_that_is_known_to_be_nowhere_costs_no_call() -> None:
    known = pool(AccountStatus.ACTIVE)
    known.health.bar("a0", "gpt-5.5", NOW + 60)

    answer = nobody_can_serve(an_exchange(), known, NOW)

    assert answer is not None
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (404, "model_not_found")


def test_a_model_that_no_account_has_is_told_in_the_upstreams_own_words() -> None:
    assert nobody_can_serve(an_exchange(diagnoses=[("a0", NO_MODEL)]), pool(AccountStatus.ACTIVE), NOW) is None


def test_out_of_quota_tells_of_the_account_that_is_back_first() -> None:
    answer = nobody_can_serve(an_exchange(), pool(AccountStatus.LIMITED, AccountStatus.LIMITED), NOW)

    assert answer is not None
    error = json.loads(answer.body)["error"]
    assert (error["type"], error["resets_at"], error["plan_type"]) == ("usage_limit_reached", NOW + 600, "plus")
    headers = dict(answer.headers)
    assert (headers["retry-after"], headers["x-codex-primary-used-percent"]) == ("600", "100")
