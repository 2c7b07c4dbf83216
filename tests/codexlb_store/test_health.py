"""Accounts are left alone for as long as there is reason to, and never all of them."""

from __future__ import annotations

import pytest

from codexlb_store.health import Health, ailing_seconds, not_benched, rest_seconds


@pytest.mark.parametrize(
    ("strikes", "seconds"),
    [(0, 0), (1, 0), (2, 0), (3, 30), (4, 60), (5, 120), (6, 240), (7, 300), (1000, 300)],
)
def test_the_third_failure_in_a_row_counts_and_then_each_twice_as_long(strikes: int, seconds: float) -> None:
    assert ailing_seconds(strikes) == seconds


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("bursts", [0, 1, 5, 1000])
def test_a_rest_grows_within_two_and_thirty_seconds(bursts: int, jitter: float) -> None:
    assert 2.0 <= rest_seconds(bursts, jitter) <= 30.0
    assert rest_seconds(bursts, jitter) <= rest_seconds(bursts + 1, jitter)


def test_everything_ends_by_itself() -> None:
    health = Health()
    health.rest("a", until=10.0)
    health.ail("a", until=20.0, model="m")
    health.bar("a", "m", until=30.0)

    assert (health.rests_until("a", 9.0), health.rests_until("a", 10.0)) == (10.0, None)
    assert (health.ails_until("a", "m", 19.0), health.ails_until("a", "m", 20.0)) == (20.0, None)
    assert health.ails_until("a", "other", 19.0) is None
    assert (health.lacks("a", "m", 29.0), health.lacks("a", "m", 30.0), health.lacks("a", None, 0.0)) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(("models", "barred"), [({"m", "other"}, ["n"]), (None, []), (set(), ["m", "n"])])
def test_a_model_may_be_had_again_before_the_end(models: set[str] | None, barred: list[str]) -> None:
    health = Health()
    for account_id, model in (("a", "m"), ("a", "n"), ("b", "m")):
        health.bar(account_id, model, until=30.0)
    health.unbar("a", models)

    assert [model for model in ("m", "n") if health.lacks("a", model, 0.0)] == barred
    assert health.lacks("b", "m", 0.0)


def test_an_account_that_serves_starts_afresh() -> None:
    health = Health()
    for _ in range(2):
        health.strike("a", now=0.0)
    health.recover("a")
    health.strike("a", now=0.0)

    assert health.ails_until("a", None, 0.0) is None


def test_three_strikes_make_an_account_ail_for_every_model() -> None:
    health = Health()
    for _ in range(3):
        health.strike("a", now=0.0)

    assert health.ails_until("a", "any", 0.0) == 30.0


@pytest.mark.parametrize(
    ("ailing", "used"),
    [
        pytest.param({"a": None, "b": None}, ["a", "b"], id="all well"),
        pytest.param({"a": 9.0, "b": None}, ["b"], id="one of two is left out"),
        pytest.param({"a": 9.0, "b": 5.0}, ["b"], id="of two ailing the less ailing serves"),
        pytest.param({"a": 9.0, "b": 5.0, "c": 7.0, "d": None}, ["b", "d"], id="never more than half is left out"),
        pytest.param({"a": 9.0}, ["a"], id="a single one always serves"),
        pytest.param({}, [], id="none"),
    ],
)
def test_never_more_than_half_of_the_pool_is_benched(ailing: dict[str, float | None], used: list[str]) -> None:
    assert sorted(not_benched(ailing)) == used
