from __future__ import annotations

from dataclasses import replace

import pytest
from sqlite_utils import Database

from codexlb_store.budget import Hold
from codexlb_store.budgets import Budgets, Refused, Reservation, Shortage
from codexlb_store.grants import Move, Need, asked, give_back, settle, top_up
from codexlb_store.key_changes import set_limits
from codexlb_store.keys import Key, load_keys
from codexlb_store.limit_texts import parse_limit
from codexlb_store.limits import LimitKind
from codexlb_store.spends import NOTHING, Spend
from tests.codexlb_store.key_rows import make_key

NOW = 5000.0
DAY_ENDS = 86_400.0
ONE = Spend(1, 8, 2, 100)


class Shop:
    """One of two processes on a store: what it needs is fetched at once."""

    def __init__(self, db: Database, name: str, living: set[str]) -> None:
        self.db = db
        self.name = name
        self.living = living
        self.budgets = Budgets()
        living.add(name)

    def fetch(self, needs: tuple[Need, ...], now: float) -> None:
        grants = top_up(self.db, self.name, needs, now, lambda: self.living)
        give_back(self.db, self.name, self.budgets.granted(needs, grants, now))

    def reserve(self, key: Key, expected: Spend, now: float = NOW, model: str | None = None) -> Reservation | Refused:
        outcome = self.budgets.reserve(key, expected, model, now)
        if isinstance(outcome, Shortage):
            self.fetch(outcome.needs, now)
            outcome = self.budgets.reserve(key, expected, model, now)
        assert not isinstance(outcome, Shortage)
        return outcome

    def admit(self, key: Key, expected: Spend, now: float = NOW, model: str | None = None) -> Reservation:
        outcome = self.reserve(key, expected, now, model)
        assert isinstance(outcome, Reservation), outcome
        return outcome

    def settle(self, reservation: Reservation, actual: Spend) -> None:
        settle(self.db, self.name, self.budgets.settle(reservation, actual))

    def listen(self, now: float = NOW) -> None:
        give_back(self.db, self.name, self.budgets.give_back(asked(self.db, self.name, now), now))


@pytest.fixture
def living() -> set[str]:
    return set()


@pytest.fixture
def shop(db: Database, living: set[str]) -> Shop:
    return Shop(db, "a", living)


def used(db: Database) -> list[int]:
    return [row[0] for row in db.execute("SELECT used FROM budgets ORDER BY limit_id, starts_at")]


def test_a_key_without_limits_holds_and_settles_nothing(db: Database) -> None:
    budgets = Budgets()
    reservation = budgets.reserve(make_key(db), ONE, "gpt-5.5", NOW)

    assert isinstance(reservation, Reservation)
    assert reservation.holds == ()
    assert budgets.settle(reservation, ONE) == ()


def test_a_request_holds_of_every_limit_what_it_will_likely_use(db: Database, shop: Shop) -> None:
    key = make_key(db, "100-tokens/day", "60req/min", "1usd/week", "4 concurrent", "50-input/day", "50-output/day")

    reservation = shop.admit(key, ONE)

    assert {hold.kind: hold.amount for hold in reservation.holds} == {
        LimitKind.TOKENS: 10,
        LimitKind.REQUESTS: 1,
        LimitKind.USD: 100,
        LimitKind.CONCURRENT: 1,
        LimitKind.INPUT: 8,
        LimitKind.OUTPUT: 2,
    }
    assert reservation.expected == ONE


def test_the_store_is_asked_once_for_what_is_short(db: Database) -> None:
    (limit,) = make_key(db, "100-tokens/day").limits
    key, budgets = load_keys(db)[0], Budgets()

    first, second = (budgets.reserve(key, ONE, None, NOW) for _ in range(2))

    needs = (Need(limit.id, 10, 1, 0.0, DAY_ENDS, is_rolling=False),)
    assert (first, second) == (Shortage(needs), Shortage(()))
    budgets.failed(needs)
    assert budgets.reserve(key, ONE, None, NOW) == Shortage(needs)


def test_once_topped_up_requests_need_no_store(db: Database, shop: Shop) -> None:
    key = make_key(db, "100-tokens/day")
    shop.admit(key, ONE)

    outcomes = [shop.budgets.reserve(key, ONE, None, NOW) for _ in range(10)]

    assert all(isinstance(outcome, Reservation) for outcome in outcomes[:9])
    assert outcomes[9] == Refused(key.limits[0], DAY_ENDS, again_at=None)


def test_what_was_not_used_is_there_for_the_next_request(db: Database, shop: Shop) -> None:
    key = make_key(db, "10-tokens/day")
    shop.settle(shop.admit(key, ONE), Spend(1, 3, 0, 0))

    reservation = shop.admit(key, ONE)

    assert [hold.amount for hold in reservation.holds] == [7]
    assert used(db) == [3]


def test_the_last_of_a_limit_is_enough_to_start(db: Database, shop: Shop) -> None:
    key = make_key(db, "11-tokens/day")
    first, last = shop.admit(key, ONE), shop.admit(key, ONE)

    assert [hold.amount for hold in (*first.holds, *last.holds)] == [10, 1]
    for reservation in (first, last):
        shop.settle(reservation, ONE)
    assert used(db) == [20], "nothing is clamped"
    assert isinstance(shop.reserve(key, ONE), Refused)


def test_use_above_what_was_expected_is_taken_from_what_is_free(db: Database, shop: Shop) -> None:
    key = make_key(db, "100-tokens/day")
    shop.settle(shop.admit(key, ONE), Spend(1, 95, 0, 0))

    assert [hold.amount for hold in shop.admit(key, ONE).holds] == [5]
    assert isinstance(shop.reserve(key, ONE), Refused)


def test_what_others_return_goes_to_what_is_owed_first(db: Database, shop: Shop) -> None:
    key = make_key(db, "20-tokens/day")
    one, two = shop.admit(key, ONE), shop.admit(key, ONE)
    shop.settle(one, Spend(1, 25, 0, 0))
    shop.settle(two, NOTHING)

    assert isinstance(shop.reserve(key, ONE), Refused)
    assert used(db) == [25]


@pytest.mark.parametrize("actual", [ONE, NOTHING, Spend(1, 500, 0, 0)], ids=["as expected", "nothing", "more"])
def test_a_request_is_settled_once(db: Database, shop: Shop, actual: Spend) -> None:
    key = make_key(db, "100-tokens/day", "4 concurrent")
    reservation = shop.admit(key, ONE)

    moves = shop.budgets.settle(reservation, actual)

    tokens = actual.input_tokens + actual.output_tokens
    assert moves == ((Move(key.limits[0].id, 0.0, tokens),) if tokens else ())
    assert shop.budgets.settle(reservation, actual) == ()


def test_a_place_is_free_again_as_soon_as_its_request_ends(db: Database, shop: Shop) -> None:
    key = make_key(db, "2 concurrent")
    first, _ = shop.admit(key, ONE), shop.admit(key, ONE)
    assert shop.reserve(key, ONE) == Refused(key.limits[0], None, again_at=None)

    assert shop.budgets.settle(first, ONE) == ()
    again = shop.budgets.reserve(key, ONE, None, NOW + 1e9)
    assert isinstance(again, Reservation)
    assert again.holds == first.holds
    assert used(db) == [0]


def test_of_several_limits_a_request_holds_all_or_none(db: Database, shop: Shop) -> None:
    key = make_key(db, "100-tokens/day", "1 concurrent")
    running = shop.admit(key, ONE)
    assert isinstance(shop.reserve(key, ONE), Refused)

    shop.settle(running, ONE)

    assert [hold.amount for hold in shop.admit(key, Spend(1, 90, 0, 0)).holds] == [90, 1]


def test_the_limit_that_is_in_the_way_longest_is_named(db: Database, shop: Shop) -> None:
    key = make_key(db, "1 concurrent", "1req/5h", "1req/day", "1req/min")
    shop.admit(key, ONE)

    assert shop.reserve(key, ONE) == Refused(key.limits[2], DAY_ENDS, again_at=None)


def test_only_requests_for_its_models_count_against_a_limit(db: Database, shop: Shop) -> None:
    key = make_key(db, "1req/day:gpt-5.5*")

    assert shop.admit(key, ONE, model="gpt-5.4").holds == ()
    assert len(shop.admit(key, ONE, model="gpt-5.5-pro").holds) == 1
    assert isinstance(shop.reserve(key, ONE, model="gpt-5.5"), Refused)
    assert shop.admit(key, ONE, model="gpt-5.4").holds == ()


def test_with_the_next_window_everything_is_there_again(db: Database, shop: Shop) -> None:
    key = make_key(db, "1req/min")
    late = shop.admit(key, ONE)
    assert shop.reserve(key, ONE, NOW + 59) == Refused(key.limits[0], NOW + 60, again_at=None)

    fresh = shop.admit(key, ONE, NOW + 60)
    shop.settle(late, ONE)

    assert fresh.holds == (Hold(key.limits[0].id, NOW + 60, LimitKind.REQUESTS, 1),)
    assert used(db) == [1, 0], "what ends late counts in the window in which it began"
    assert isinstance(shop.reserve(key, ONE, NOW + 61), Refused)


# ---- two processes


def test_two_processes_never_sell_the_same(db: Database, shop: Shop, living: set[str]) -> None:
    other = Shop(db, "b", living)
    key = make_key(db, "10req/day")

    admitted = [isinstance(each.reserve(key, ONE), Reservation) for _ in range(10) for each in (shop, other)]

    assert admitted.count(True) == 10


def test_what_lies_idle_in_one_process_comes_to_the_other(db: Database, shop: Shop, living: set[str]) -> None:
    key = make_key(db, "10req/day")
    shop.admit(key, ONE)  # alone, it took all
    other = Shop(db, "b", living)

    refused = other.reserve(key, ONE)
    assert refused == Refused(key.limits[0], DAY_ENDS, again_at=NOW + 0.25)
    shop.listen()

    assert len(other.admit(key, ONE, NOW + 0.25).holds) == 1
    assert len(shop.admit(key, ONE, NOW + 0.25).holds) == 1


def test_what_a_dead_process_held_comes_to_the_other(db: Database, shop: Shop, living: set[str]) -> None:
    key = make_key(db, "10req/day")
    shop.settle(shop.admit(key, ONE), ONE)
    shop.admit(key, ONE)
    other = Shop(db, "b", living)
    assert isinstance(other.reserve(key, ONE), Refused)

    living.remove("a")

    outcomes = [other.reserve(key, ONE, NOW + 0.25) for _ in range(10)]
    assert [isinstance(outcome, Reservation) for outcome in outcomes] == [True] * 9 + [False]


def test_only_what_is_asked_for_is_given_back(db: Database, shop: Shop) -> None:
    key = make_key(db, "10req/day", "60req/min")
    shop.admit(key, ONE)
    day, minute = key.limits

    assert shop.budgets.give_back({(day.id, 1.0), (minute.id + 99, 0.0)}, NOW) == ()
    assert shop.budgets.give_back({(day.id, 0.0)}, NOW) == (Move(day.id, 0.0, 9),)
    assert shop.budgets.give_back({(day.id, 0.0)}, NOW) == ()


# ---- changes by a person


def test_a_lower_limit_counts_at_once(db: Database, shop: Shop) -> None:
    key = make_key(db, "10req/day")
    running = [shop.admit(key, ONE) for _ in range(3)]
    set_limits(db, key.id, [parse_limit("4req/day")], NOW)

    moves = shop.budgets.replace(load_keys(db))
    assert moves == (Move(key.limits[0].id, 0.0, 7),)
    give_back(db, "a", moves)

    (key,) = load_keys(db)
    shop.admit(key, ONE)
    assert isinstance(shop.reserve(key, ONE), Refused)
    for reservation in running:
        shop.settle(reservation, ONE)
    assert used(db) == [3]


def test_a_higher_limit_counts_at_once(db: Database, shop: Shop) -> None:
    key = make_key(db, "1req/day")
    shop.admit(key, ONE)
    assert isinstance(shop.reserve(key, ONE), Refused)
    set_limits(db, key.id, [parse_limit("2req/day")], NOW)

    assert shop.budgets.replace(load_keys(db)) == ()
    (key,) = load_keys(db)

    shop.admit(key, ONE)
    assert isinstance(shop.reserve(key, ONE), Refused)


def test_a_limit_that_is_gone_limits_nothing(db: Database, shop: Shop) -> None:
    """Also before this process has heard of it."""
    key = make_key(db, "1req/day", "5req/min")
    running = shop.admit(key, ONE)
    set_limits(db, key.id, [parse_limit("5req/min")], NOW)
    fresh = Shop(db, "b", set())

    assert [hold.limit_id for hold in fresh.admit(key, ONE).holds] == [key.limits[1].id]
    assert len(fresh.admit(key, ONE).holds) == 1

    shop.budgets.replace(load_keys(db))
    shop.settle(running, ONE)
    assert [hold.limit_id for hold in shop.admit(load_keys(db)[0], ONE).holds] == [key.limits[1].id]
    assert used(db) == [1]


def test_what_is_handed_out_while_the_limit_is_lowered_goes_back(db: Database, shop: Shop) -> None:
    key = make_key(db, "10req/day")
    outcome = shop.budgets.reserve(key, ONE, None, NOW)
    assert isinstance(outcome, Shortage)
    grants = top_up(db, "a", outcome.needs, NOW, lambda: {"a"})
    set_limits(db, key.id, [parse_limit("4req/day")], NOW)
    assert shop.budgets.replace(load_keys(db)) == ()

    moves = shop.budgets.granted(outcome.needs, grants, NOW)

    assert moves == (Move(key.limits[0].id, 0.0, 10),)
    give_back(db, "a", moves)
    outcomes = [shop.reserve(load_keys(db)[0], ONE) for _ in range(6)]
    assert [isinstance(outcome, Reservation) for outcome in outcomes] == [True] * 4 + [False] * 2


def test_a_grant_of_a_limit_that_has_gone_meanwhile_is_nobodys(db: Database, shop: Shop) -> None:
    key = make_key(db, "10req/day")
    outcome = shop.budgets.reserve(key, ONE, None, NOW)
    assert isinstance(outcome, Shortage)
    shop.budgets.replace([replace(key, limits=())])

    shop.fetch(outcome.needs, NOW)

    assert shop.budgets.give_back({(key.limits[0].id, 0.0)}, NOW) == ()
