"""When nobody can serve, the client is told the truth, in a way that the real Codex understands."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from addons.empty_pool import nobody_can_serve
from addons.exchange import Client
from addons.wire import denials
from addons.wire.failures import Diagnosis, Failure
from addons.wire.routes import Route
from codexlb_store.accounts import AccountStatus
from codexlb_store.keys import Key
from codexlb_store.model_lists import KeptList
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
A_LIST = KeptList("0.169.0", "a0", b'{"models":[]}', "application/json", '"e"', (), NOW - 60)
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


def test_a_model_that_no_account_has_is_told_in_the_upstreams_own_words_where_nothing_else_is_known() -> None:
    assert nobody_can_serve(an_exchange(diagnoses=[("a0", NO_MODEL)]), pool(AccountStatus.ACTIVE), NOW) is None


def test_else_it_is_told_what_there_is() -> None:
    known = pool(AccountStatus.ACTIVE)
    known.lists.note(replace(A_LIST, models=("gpt-5.4",)))

    answer = nobody_can_serve(an_exchange(diagnoses=[("a0", NO_MODEL)]), known, NOW)

    assert answer is not None
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (404, "model_not_found")
    assert error["message"] == "No account of this pool has the model 'gpt-5.5'. It has: gpt-5.4."


def test_what_only_a_paused_account_has_is_not_said_to_be_there() -> None:
    """Nor that nobody has it."""
    known = pool(AccountStatus.ACTIVE, AccountStatus.PAUSED)
    known.health.bar("a0", "gpt-5.5", NOW + 60)
    known.lists.note(replace(A_LIST, account_id="a0", models=("gpt-5.4",)))
    known.lists.note(replace(A_LIST, account_id="a1", models=("gpt-5.5", "o9")))

    answer = nobody_can_serve(an_exchange(), known, NOW)

    assert answer is not None
    message = json.loads(answer.body)["error"]["message"]
    assert message == "No account of this pool that may serve you now has the model 'gpt-5.5'. It has: gpt-5.4."


LIMITED, COOLING, ACTIVE = AccountStatus.LIMITED, AccountStatus.COOLING, AccountStatus.ACTIVE
OTHERS_HAVE_IT: dict[str, tuple[tuple[AccountStatus, ...], list[tuple[str, Diagnosis]], int, str]] = {
    "and are out of quota": ((ACTIVE, LIMITED), [], 429, "usage_limit_reached"),
    "and rest": ((ACTIVE, COOLING, LIMITED), [], 503, "busy"),
    "and failed": ((ACTIVE, ACTIVE), [("a1", OVERLOADED)], 503, "server_is_overloaded"),
    "and were waited for in vain": ((ACTIVE, ACTIVE), [], 503, "busy"),
}


@pytest.mark.parametrize(("states", "failed", "status", "code"), OTHERS_HAVE_IT.values(), ids=OTHERS_HAVE_IT)
@pytest.mark.parametrize("is_known", [False, True], ids=["refused now", "known before"])
def test_a_model_that_one_account_lacks_may_be_had_of_others(
    states: tuple[AccountStatus, ...], failed: list[tuple[str, Diagnosis]], status: int, code: str, is_known: bool
) -> None:
    """The first account lacks it: that is not what the client is told."""
    known = pool(*states)
    if is_known:
        known.health.bar("a0", "gpt-5.5", NOW + 60)
    exchange = an_exchange(diagnoses=[*failed, *([] if is_known else [("a0", NO_MODEL)])])

    answer = nobody_can_serve(exchange, known, NOW)

    assert answer is not None
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (status, code)


OF_LISTS: dict[str, tuple[tuple[AccountStatus, ...], Diagnosis | None, int, str | None]] = {
    "unreachable": ((ACTIVE,), UNREACHABLE, 502, "upstream_unreachable"),
    "overloaded, and out of quota": ((LIMITED,), OVERLOADED, 503, "server_is_overloaded"),
    "no time": ((LIMITED,), None, 503, "busy"),
    "a login is needed": ((AccountStatus.NEEDS_LOGIN,), None, 400, "no_accounts"),
    "all paused": ((AccountStatus.PAUSED,), None, 400, "no_accounts"),
    "no account": ((), None, 400, "no_accounts"),
}


@pytest.mark.parametrize(("states", "last", "status", "code"), OF_LISTS.values(), ids=OF_LISTS)
def test_the_list_of_models_is_what_is_kept_else_the_truth(
    states: tuple[AccountStatus, ...], last: Diagnosis | None, status: int, code: str
) -> None:
    """Without an account there is no pool whose models could be told."""
    exchange = an_exchange(route=Route.MODELS, diagnoses=[("a0", last)] if last else [])

    answer = nobody_can_serve(exchange, pool(*states), NOW)
    kept = nobody_can_serve(replace(exchange, kept=A_LIST), pool(*states), NOW)

    assert answer is not None
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (status, code)
    assert kept is not None
    assert (kept.status, kept.body) == (200, A_LIST.body) if states else kept == answer


def test_a_key_whose_accounts_are_gone_is_told_so_and_shown_no_list() -> None:
    client = Client("::1", Key("team", 1.0, accounts=("gone",)))

    answer = nobody_can_serve(an_exchange(route=Route.MODELS, client=client, kept=A_LIST), pool(ACTIVE), NOW)

    assert answer == denials.out_of_scope()


def test_out_of_quota_tells_of_the_account_that_is_back_first() -> None:
    answer = nobody_can_serve(an_exchange(), pool(AccountStatus.LIMITED, AccountStatus.LIMITED), NOW)

    assert answer is not None
    error = json.loads(answer.body)["error"]
    assert (error["type"], error["resets_at"], error["plan_type"]) == ("usage_limit_reached", NOW + 600, "plus")
    headers = dict(answer.headers)
    assert (headers["retry-after"], headers["x-codex-primary-used-percent"]) == ("600", "100")
