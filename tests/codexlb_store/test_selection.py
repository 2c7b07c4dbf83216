from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from codexlb_store.selection import Candidate, Choice, Strategy, choose, terms
from codexlb_store.windows import Window

NOW = 1_000_000.0
DAY = 86400.0
DRAWS = (Strategy.CAPACITY_WEIGHTED, Strategy.RELATIVE_AVAILABILITY)


def candidate(
    account_id: str,
    plan: str = "plus",
    *,
    h5: float | None = None,
    week: float | None = None,
    reset: float | None = 3 * DAY,
    month: float | None = None,
) -> Candidate:
    """A candidate by the percents used of its windows; the long one starts afresh in `reset` seconds."""
    resets_at = None if reset is None else NOW + reset
    windows = (
        Window(account_id, 300, h5 or 0, NOW + 3600, NOW),
        Window(account_id, 10080, week or 0, resets_at, NOW),
        Window(account_id, 43200, month or 0, resets_at, NOW),
    )
    known = (h5 is not None, week is not None, month is not None)
    return Candidate(account_id, plan, tuple(w for w, is_known in zip(windows, known, strict=True) if is_known))


def chosen(strategy: Strategy, *candidates: Candidate, seed: int = 1) -> Choice:
    choice = choose(strategy, candidates, NOW, random.Random(seed))
    assert choice is not None
    return choice


@pytest.mark.parametrize("strategy", list(Strategy))
def test_nobody_is_chosen_of_nobody(strategy: Strategy) -> None:
    assert choose(strategy, [], NOW, random.Random(1)) is None


# ---- the rules that draw


@pytest.mark.parametrize(
    ("candidates", "weights"),
    [
        pytest.param(
            [candidate("a", week=50), candidate("b", week=90)], {"a": 3780, "b": 756}, id="what is left of a week"
        ),
        pytest.param(
            [candidate("a", "plus"), candidate("b", "pro"), candidate("c", "prolite"), candidate("d", "free")],
            {"a": 7560, "b": 50400, "c": 37800, "d": 1134},
            id="unread windows are unused",
        ),
        pytest.param([candidate("a", "free", month=50)], {"a": 567}, id="a month is a long window too"),
        pytest.param([candidate("a", week=25, month=50)], {"a": 3780}, id="the fuller long window counts"),
        pytest.param([candidate("a", h5=90, week=50)], {"a": 3780}, id="the five hours do not count"),
        pytest.param([candidate("a", week=90, reset=0)], {"a": 7560}, id="a passed reset is unused"),
        pytest.param([replace(candidate("a", week=50), weight=0.5)], {"a": 1890}, id="its owner's factor"),
        pytest.param([replace(candidate("a", week=50), in_flight=8)], {"a": 2268}, id="what runs now counts"),
        pytest.param([replace(candidate("a", week=50), in_flight=80)], {"a": 0}, id="but never below nothing"),
        pytest.param([candidate("a", week=130)], {"a": 0}, id="more than full is full"),
    ],
)
def test_capacity_weights(candidates: list[Candidate], weights: dict[str, float]) -> None:
    assert dict(chosen(Strategy.CAPACITY_WEIGHTED, *candidates).weights) == pytest.approx(weights)


@pytest.mark.parametrize(
    ("candidates", "weights"),
    [
        pytest.param(
            [candidate("a", week=50, reset=DAY), candidate("b", week=50, reset=2 * DAY)],
            {"a": 1, "b": 0.25},
            id="twice the time is a quarter",
        ),
        pytest.param(
            [candidate("a", week=0, reset=None), candidate("b", week=0, reset=7 * DAY)],
            {"a": 1, "b": 1},
            id="an unknown reset is a week away",
        ),
        pytest.param(
            [candidate("a", week=0, reset=1), candidate("b", week=0, reset=300), candidate("c", week=0, reset=600)],
            {"a": 1, "b": 1, "c": 0.25},
            id="nearer than five minutes is five minutes",
        ),
        pytest.param([candidate("a", week=0), candidate("b", week=70)], {"a": 1, "b": 0}, id="far behind is out"),
        pytest.param(
            [candidate(name, week=used) for name, used in zip("abcdef", range(0, 30, 5), strict=True)],
            {"a": 1, "b": 0.9025, "c": 0.81, "d": 0.7225, "e": 0.64, "f": 0},
            id="the best five",
        ),
        pytest.param([candidate(name, week=0) for name in "abcdef"], dict.fromkeys("abcdef", 1), id="equals stay"),
    ],
)
def test_relative_weights(candidates: list[Candidate], weights: dict[str, float]) -> None:
    assert dict(chosen(Strategy.RELATIVE_AVAILABILITY, *candidates).weights) == pytest.approx(weights)


@pytest.mark.parametrize("strategy", DRAWS)
def test_draws_follow_the_weights(strategy: Strategy) -> None:
    pool = [candidate("a", week=20), candidate("b", week=60), candidate("c", week=100)]
    rng = random.Random(7)

    counts = Counter(c.account_id for _ in range(4000) if (c := choose(strategy, pool, NOW, rng)))

    weights = dict(chosen(strategy, *pool).weights)
    assert set(counts) == {"a", "b"}
    assert counts["a"] / counts["b"] == pytest.approx(weights["a"] / weights["b"], rel=0.15)


@pytest.mark.parametrize("strategy", DRAWS)
def test_with_nothing_left_the_least_used_is_chosen(strategy: Strategy) -> None:
    full = [candidate("a", h5=80, week=100), candidate("b", h5=20, week=100), candidate("c", week=101)]

    assert chosen(strategy, *full) == Choice("b", (("a", 0), ("b", 0), ("c", 0)))


@pytest.mark.parametrize("strategy", DRAWS)
def test_more_left_never_weighs_less(strategy: Strategy) -> None:
    rng = random.Random(3)
    others = [candidate(f"o{n}", week=rng.uniform(0, 100), reset=rng.uniform(0, 7 * DAY)) for n in range(3)]

    weights = [dict(chosen(strategy, candidate("a", week=used), *others).weights)["a"] for used in range(100, -1, -5)]

    assert weights == sorted(weights)
    assert weights[0] == 0 < weights[-1]


# ---- the rules that do not


@pytest.mark.parametrize(
    ("strategy", "candidates", "account_id"),
    [
        # usage_weighted: the week, then the five hours, then who waited longest, then the id
        pytest.param("usage_weighted", [candidate("a", week=2), candidate("b", week=1)], "b", id="least of the week"),
        pytest.param(
            "usage_weighted", [candidate("a", h5=9, week=1), candidate("b", h5=1, week=1)], "b", id="least of 5 h"
        ),
        pytest.param(
            "usage_weighted",
            [replace(candidate("a"), last_chosen_at=9), replace(candidate("b"), last_chosen_at=8)],
            "b",
            id="equal use: longest ago",
        ),
        pytest.param("usage_weighted", [replace(candidate("a"), in_flight=1), candidate("b")], "b", id="less running"),
        pytest.param("usage_weighted", [candidate("b"), candidate("a")], "a", id="all equal: the id"),
        # round_robin: who waited longest
        pytest.param(
            "round_robin",
            [replace(candidate("a", week=0), last_chosen_at=9), replace(candidate("b", week=99), last_chosen_at=8)],
            "b",
            id="longest ago",
        ),
        # fill_first: the fullest that is not full
        pytest.param(
            "fill_first", [candidate("a", h5=10, week=90), candidate("b", h5=20, week=0)], "b", id="fullest 5 h"
        ),
        pytest.param("fill_first", [candidate("a", week=10), candidate("b", week=20)], "b", id="fullest week"),
        pytest.param("fill_first", [candidate("a", h5=100), candidate("b", h5=1)], "b", id="full is of no use"),
        # sequential_drain: the smallest plan that is not full
        pytest.param(
            "sequential_drain", [candidate("a", "pro"), candidate("b", "plus"), candidate("c", "free")], "c", id="small"
        ),
        pytest.param(
            "sequential_drain", [candidate("a", week=5), candidate("b", week=50)], "b", id="of equals the begun one"
        ),
        pytest.param(
            "sequential_drain", [candidate("a", "pro"), candidate("b", "free", month=100)], "a", id="small but full"
        ),
        # reset_drain: the nearest day, then most left of the five hours
        pytest.param(
            "reset_drain", [candidate("a", week=5), candidate("b", week=5, reset=DAY)], "b", id="nearest reset"
        ),
        pytest.param(
            "reset_drain",
            [candidate("a", h5=50, week=5, reset=2.1 * DAY), candidate("b", h5=5, week=5, reset=2.9 * DAY)],
            "b",
            id="the same day: most of 5 h left",
        ),
        pytest.param(
            "reset_drain",
            [candidate("a", week=5, reset=None), candidate("b", week=5, reset=6 * DAY)],
            "b",
            id="unknown",
        ),
        pytest.param("reset_drain", [candidate("a", week=9, reset=-1), candidate("b", week=5)], "b", id="passed"),
    ],
)
def test_who_comes_first(strategy: str, candidates: list[Candidate], account_id: str) -> None:
    choice = chosen(Strategy(strategy), *candidates)

    assert choice.account_id == account_id
    assert choice.weights == tuple((c.account_id, float(c.account_id == account_id)) for c in candidates)


def test_round_robin_goes_round() -> None:
    pool = {name: candidate(name) for name in "abc"}
    turns = ""
    for moment in range(1, 8):
        name = chosen(Strategy.ROUND_ROBIN, *pool.values()).account_id
        pool[name] = replace(pool[name], last_chosen_at=float(moment))
        turns += name

    assert turns == "abcabca"


# ---- every rule


def random_pool(rng: random.Random) -> list[Candidate]:
    pool = [
        candidate(
            f"a{number}",
            rng.choice(["free", "plus", "pro", "prolite", "strange"]),
            h5=rng.choice([None, 0, rng.uniform(0, 100), 100]),
            week=rng.choice([None, 0, rng.uniform(0, 100), 100, 120]),
            reset=rng.choice([None, -5, 0, rng.uniform(0, 7 * DAY)]),
            month=rng.choice([None, None, rng.uniform(0, 100)]),
        )
        for number in range(rng.randint(1, 12))
    ]
    return [replace(c, in_flight=rng.randint(0, 60), weight=rng.choice([0, 0.5, 1, 3])) for c in pool]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_one_of_the_candidates_is_chosen_and_every_one_explained(strategy: Strategy) -> None:
    rng = random.Random(5)
    for pool in (random_pool(rng) for _ in range(300)):
        choice = chosen(strategy, *pool)
        weights = dict(choice.weights)

        assert list(weights) == [c.account_id for c in pool]
        assert all(weight >= 0 for weight in weights.values())
        assert weights[choice.account_id] > 0 or not any(weights.values())


@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_same_seed_chooses_the_same(strategy: Strategy) -> None:
    pools = [random_pool(random.Random(seed)) for seed in range(50)]

    first, again = ([chosen(strategy, *pool, seed=9) for pool in pools] for _ in range(2))

    assert first == again


def test_the_terms_are_what_the_choice_saw() -> None:
    """Of a window whose reset has passed nothing is used, whatever was read of it."""
    known = candidate("a", "plus", h5=10, week=20, month=30)

    assert terms(known, NOW) == {
        "capacity": 7560.0,
        "owner_weight": 1.0,
        "short_used_percent": 10,
        "long_used_percent": 30,
        "in_flight": 0.0,
        "long_reset_seconds": 3 * DAY,
    }
    assert terms(known, NOW + 4 * DAY)["long_used_percent"] == 0.0
    assert "long_reset_seconds" not in terms(candidate("b"), NOW)
