"""Fair shares of slots: orders by hand, and a simulation of ten keys of which one is greedy."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field
from statistics import quantiles

import pytest

from codexlb_store.fair_share import FairShare, Turn

ORDERS = {
    "nobody": ([], []),
    "one key as they came": (["a1", "a1", "a1"], [0, 1, 2]),
    "keys take turns": (["a1", "a1", "a1", "b1", "b1"], [0, 3, 1, 4, 2]),
    "by cost, not by number": (["a4", "a4", "b1", "b1", "b1", "b1", "b1"], [0, 2, 3, 4, 5, 1, 6]),
    "whoever has no key shares with all who have none": (["-1", "-1", "-1", "b1"], [0, 3, 1, 2]),
    "what costs nothing waits for nobody of its key": (["a0", "a0", "b1", "a0"], [0, 1, 2, 3]),
}


@pytest.mark.parametrize(("came", "expected"), ORDERS.values(), ids=ORDERS.keys())
def test_the_order_of_those_who_wait(came: list[str], expected: list[int]) -> None:
    shares = FairShare()
    turns = [shares.come(None if text[0] == "-" else text[0], float(text[1])) for text in came]

    assert shares.in_order(list(zip(turns, range(len(turns)), strict=True))) == expected


def test_a_key_that_comes_back_has_saved_up_nothing() -> None:
    """While it was away the others had its share; it begins with everybody else."""
    shares = FairShare()
    for _ in range(100):
        shares.serve(shares.come("busy", 1.0))
    waiting = [(shares.come(key, 1.0), f"{key}{n}") for n in range(3) for key in ("busy", "back")]

    assert shares.in_order(waiting) == ["back0", "busy0", "back1", "busy1", "back2", "busy2"]


def test_who_leaves_the_line_pays_nothing() -> None:
    shares = FairShare()
    gone = [shares.come("a", 9.0) for _ in range(5)]
    waiting = [(shares.come("a", 1.0), "a"), (shares.come("b", 1.0), "b")]

    assert len(gone) == 5
    assert shares.in_order(waiting) == ["a", "b"]


@dataclass
class House:
    """Slots that serve turns of one second; every key always has so many of them running or waiting."""

    slots: int
    wanted: dict[str, int]
    cost: dict[str, float] = field(default_factory=dict)
    is_fair: bool = True

    def waits(self, turns: int) -> dict[str, list[float]]:
        """How long each key's turns waited, after so many in all; time is a number here."""
        shares, now, number = FairShare(), 0.0, 0
        line: deque[tuple[Turn, tuple[str, float]]] = deque()
        running: list[tuple[float, int, str]] = []
        waits: dict[str, list[float]] = defaultdict(list)

        def come(key: str) -> None:
            line.append((shares.come(key, self.cost.get(key, 1.0)), (key, now)))

        for key, count in self.wanted.items():
            for _ in range(count):
                come(key)
        while number < turns:
            while line and len(running) < self.slots:
                chosen = shares.in_order(list(line))[0] if self.is_fair else line[0][1]
                entry = next(entry for entry in line if entry[1] is chosen)
                line.remove(entry)
                shares.serve(entry[0])
                waits[chosen[0]].append(now - chosen[1])
                number += 1
                heapq.heappush(running, (now + 0.9 + number % 7 / 30, number, chosen[0]))
            now, _, key = heapq.heappop(running)
            come(key)
        return waits


SMALL = {f"small{number}": 2 for number in range(9)}


def p95(waits: dict[str, list[float]]) -> float:
    """Of the nine small keys, after everybody has found their place."""
    return quantiles([wait for key in SMALL for wait in waits[key][10:]], n=20)[-1]


def test_a_greedy_key_does_not_make_nine_small_ones_wait_longer() -> None:
    """100 times as much in the line, and the small ones' 95th percentile stays within a fifth."""
    modest = House(4, {**SMALL, "tenth": 2}).waits(3000)
    greedy = House(4, {**SMALL, "tenth": 200}).waits(3000)
    first_come = House(4, {**SMALL, "tenth": 200}, is_fair=False).waits(3000)

    assert p95(greedy) <= 1.2 * p95(modest)
    assert p95(first_come) > 5 * p95(modest), "without shares they would"


def test_dear_turns_do_not_make_the_others_wait_longer_either() -> None:
    modest = House(4, {**SMALL, "tenth": 2}).waits(3000)
    dear = House(4, {**SMALL, "tenth": 200}, cost={"tenth": 50.0}).waits(3000)

    assert p95(dear) <= 1.2 * p95(modest)


def test_what_nobody_else_wants_the_busy_one_gets() -> None:
    """No slot stays free while anybody waits."""
    waits = House(4, {"small": 1, "greedy": 100}).waits(1000)

    assert max(waits["small"][1:]) <= 0.5  # the next slot that frees is its own
    assert len(waits["greedy"]) > 700
