"""Figures are good for so many times as long as they took to read, and never for more than a minute."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from addons.web.recall import MOST_FIGURES, MOST_SECONDS, Recall

REST = 50.0


class Clock:
    """A clock that stands still unless it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taking(clock: Clock, seconds: float, figures: list[int]) -> Callable[[], int]:
    """A query that takes so long, and finds one figure after the other."""

    def query() -> int:
        clock.now += seconds
        return figures.pop(0)

    return query


@pytest.mark.parametrize(
    ("took", "later", "found"),
    [
        pytest.param(0.0, 0.0, 2, id="what takes no time is read every time"),
        pytest.param(1.0, 49.9, 1, id="a second, not yet fifty later"),
        pytest.param(1.0, 50.0, 2, id="a second, fifty later"),
        pytest.param(9.0, MOST_SECONDS - 0.1, 1, id="nine seconds, nearly a minute later"),
        pytest.param(9.0, MOST_SECONDS, 2, id="nine seconds, a minute later"),
    ],
)
def test_what_takes_long_is_not_read_at_once_again(took: float, later: float, found: int) -> None:
    clock = Clock()
    recall, query = Recall(clock), taking(clock, took, [1, 2])
    assert recall.of("requests", query, REST).value == 1

    clock.now += later

    assert recall.of("requests", query, REST).value == found


def test_figures_have_names_of_their_own() -> None:
    clock = Clock()
    recall, query = Recall(clock), taking(clock, 1, [1, 2])

    assert [recall.of(("page", name), query, REST).value for name in ("a", "b", "a")] == [1, 2, 1]


def test_a_query_that_fails_leaves_nothing() -> None:
    clock = Clock()
    recall = Recall(clock)
    with pytest.raises(IndexError):
        recall.of("requests", taking(clock, 1, []), REST)

    assert recall.of("requests", taking(clock, 1, [3]), REST).value == 3


def test_no_more_figures_are_kept_than_fit() -> None:
    clock = Clock()
    recall = Recall(clock)
    for number in range(MOST_FIGURES + 1):
        recall.of(number, taking(clock, 0.01, [number]), REST)

    assert list(recall.known) == list(range(1, MOST_FIGURES + 1))


def test_a_figure_tells_when_it_was_read() -> None:
    clock = Clock()
    recall, query = Recall(clock), taking(clock, 2, [1, 2])
    first = recall.of("requests", query, REST).read_at
    clock.now += 50

    assert (first, recall.of("requests", query, REST).read_at) == (100.0, 100.0), "before the query, not after"
