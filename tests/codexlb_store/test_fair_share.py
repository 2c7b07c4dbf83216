"""Fair shares of slots: orders by hand, and a simulation of ten keys of which one is greedy."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field
from statistics import quantiles

import pytest

from codexlb_store.fair_share import FairShare


def order(shares: FairShare, waiting: list[tuple[str | None, float]]) -> list[int]:
    """In which order they are served who wait, given in order of arrival as key and cost."""
    left, found = list(range(len(waiting))), []
    while left:
        found.append(min(left, key=lambda index: shares.lead(waiting[index][0])))
        left.remove(found[-1])
        shares.serve(*waiting[found[-1]])
    return found


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
    waiting = [(None if text[0] == "-" else text[0], float(text[1])) for text in came]

    assert order(FairShare(), waiting) == expected


@pytest.mark.parametrize("cost", [1.0, 7.0], ids=["as dear as the others", "dearer"])
def test_a_key_that_comes_back_has_saved_up_nothing(cost: float) -> None:
    """While it was away the others had its share; it begins with everybody else, and so do they."""
    shares = FairShare()
    shares.serve("back", cost)
    for _ in range(100):
        shares.serve("busy", 1.0)
    waiting: list[tuple[str | None, float]] = [("busy", 1.0), ("back", 1.0)] * 3

    assert order(shares, waiting) == [1, 0, 3, 2, 5, 4]


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
        line: deque[tuple[str, float]] = deque()
        running: list[tuple[float, int, str]] = []
        waits: dict[str, list[float]] = defaultdict(list)

        for key, count in self.wanted.items():
            line.extend([(key, now)] * count)
        while number < turns:
            while line and len(running) < self.slots:
                chosen = min(line, key=lambda entry: shares.lead(entry[0])) if self.is_fair else line[0]
                line.remove(chosen)
                shares.serve(chosen[0], self.cost.get(chosen[0], 1.0))
                waits[chosen[0]].append(now - chosen[1])
                number += 1
                heapq.heappush(running, (now + 0.9 + number % 7 / 30, number, chosen[0]))
            now, _, key = heapq.heappop(running)
            line.append((key, now))
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
