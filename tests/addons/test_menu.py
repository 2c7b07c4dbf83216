"""What a client is told of models when it asked for one that nobody has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from addons.exchange import Client
from addons.menu import MOST_NAMED, kept_answer, kept_for, no_such_model, offer
from addons.wire.failures import Diagnosis, Failure
from addons.wire.routes import Route
from codexlb_store.keys import Key
from codexlb_store.model_lists import KeptList
from codexlb_store.pool import Pool
from tests.addons.samples import ACCOUNT, ASK, a_pool, an_exchange

NOW = 1_000_000.0
A_LIST = KeptList("0.169.0", "a", b"{}", "application/json", '"e"', ("gpt-5.5", "gpt-5.4", "o9"), NOW)
REFUSED = [("a", Diagnosis(Failure.MODEL_UNAVAILABLE, "model_not_found", None))]


def a_pool_with(*lists: KeptList) -> Pool:
    pool = a_pool(replace(ACCOUNT, id="a", plan="plus"), replace(ACCOUNT, id="b", plan="pro"))
    for kept in lists:
        pool.lists.note(kept)
    return pool


def with_key(**rules: Any) -> Client:
    return Client("10.0.0.7", Key("team", 1.0, **rules))


BEGINNING = "No account of this pool has the model 'gpt-99'."
OF_THOSE = "No account of this pool that may serve you now has the model 'gpt-99'."
ALL = f"{BEGINNING} It has: gpt-5.5, gpt-5.4, o9."
NONE = f"{BEGINNING} It has none that may be used instead."
BOTH, ONLY_B = frozenset("ab"), frozenset("b")
TOLD: dict[str, tuple[Sequence[KeptList], dict[str, Any], str | None]] = {
    "what there is": ([A_LIST], {}, ALL),
    "after the upstream refused": ([A_LIST], {"diagnoses": REFUSED}, ALL),
    "a compaction": ([A_LIST], {"route": Route.COMPACT}, ALL),
    "for a key without rules": ([A_LIST], {"client": with_key()}, ALL),
    "what the key may use": (
        [A_LIST], {"client": with_key(models=("gpt-5*",))}, f"{BEGINNING} It has: gpt-5.5, gpt-5.4.",
    ),
    "nothing that the key may use": ([A_LIST], {"client": with_key(models=("gpt-99",))}, NONE),
    "a key that puts its model in": ([A_LIST], {"client": with_key(enforced_model="gpt-99")}, NONE),
    "what those have that may serve": (
        [A_LIST, replace(A_LIST, account_id="b", models=("p",))],
        {"working": ONLY_B},
        f"{OF_THOSE} It has: p.",
    ),
    "nothing is known of those that may serve": ([A_LIST], {"working": ONLY_B}, OF_THOSE),
    "of an account that is gone": ([replace(A_LIST, account_id="gone")], {}, BEGINNING),
    "not the one that was refused": ([replace(A_LIST, models=("gpt-99", "o9"))], {}, f"{BEGINNING} It has: o9."),
    "nothing is known": ([], {}, BEGINNING),
    # where the upstream's own words are all there is
    "nothing is known, and the upstream refused": ([], {"diagnoses": REFUSED}, None),
    "a picture": ([A_LIST], {"route": Route.IMAGES, "diagnoses": REFUSED}, None),
    "no model is named": ([A_LIST], {"ask": replace(ASK, model=None), "diagnoses": REFUSED}, None),
}  # fmt: skip


@pytest.mark.parametrize(("lists", "fields", "expected"), TOLD.values(), ids=TOLD)
def test_who_asks_for_what_nobody_has_is_told_what_there_is(
    lists: Sequence[KeptList], fields: dict[str, Any], expected: str | None
) -> None:
    found = {"ask": replace(ASK, model="gpt-99"), "working": BOTH, **fields}
    working = found.pop("working")

    answer = no_such_model(an_exchange(**found), a_pool_with(*lists), working)

    error = json.loads(answer.body)["error"] if answer else {"message": None}
    assert error["message"] == expected
    if answer:
        assert (answer.status, error["code"]) == (404, "model_not_found")


def test_a_name_that_is_far_too_long_is_cut() -> None:
    answer = no_such_model(an_exchange(ask=replace(ASK, model="x" * 10_000)), a_pool_with(), BOTH)

    assert answer is not None
    assert len(answer.body) < 300


def test_a_long_list_is_cut() -> None:
    names = [f"m{number}" for number in range(MOST_NAMED + 3)]

    assert offer(names[:MOST_NAMED]) == f"It has: {', '.join(names[:MOST_NAMED])}."
    assert offer(names) == f"It has: {', '.join(names[:MOST_NAMED])} and 3 more."


def test_a_client_is_shown_the_list_of_who_sees_most_among_its_accounts() -> None:
    of_a, of_b = replace(A_LIST, account_id="a"), replace(A_LIST, account_id="b", read_at=NOW - 9)
    pool = a_pool_with(of_b, of_a)

    assert kept_for(an_exchange(), pool, "0.169.0") == of_b
    assert kept_for(an_exchange(client=with_key(accounts=("a",))), pool, "0.169.0") == of_a
    assert kept_for(an_exchange(client=with_key(accounts=("c",))), pool, "0.169.0") is None


@pytest.mark.parametrize(("later", "age"), [(0.0, "0"), (90.4, "90"), (-5.0, "0")])
def test_a_kept_list_says_how_old_it_is(later: float, age: str) -> None:
    answer = kept_answer(A_LIST, NOW + later)

    assert (answer.status, answer.body) == (200, b"{}")
    assert dict(answer.headers) == {"content-type": "application/json", "etag": '"e"', "age": age}
    assert "etag" not in dict(kept_answer(replace(A_LIST, etag=None), NOW).headers)
