"""Rows of the store become groups within groups: their sums, their order, and how many are shown."""

from __future__ import annotations

import pytest

from codexlb_store.usage import Dimension, Sums, UsageRow
from scripts.report.breakdown import Order, Sort, added, breakdown
from scripts.report.labels import Labels

DAYS = [
    UsageRow((f"2026-11-{day:02}",), Sums(requests, cost_usd=cost))
    for day, requests, cost in [(1, 5, 1.0), (2, 9, None), (3, 2, 3.0), (4, 7, 2.0)]
]
MODELS = [
    UsageRow((model,), Sums(requests, input_tokens=tokens))
    for model, requests, tokens in [("Beta", 9, 10), ("alpha", 5, None), (None, 2, 30)]
]
NESTED = [
    UsageRow((day, model), Sums(requests, cost_usd=cost))
    for day, model, requests, cost in [("1", "a", 5, 1.0), ("1", "b", 2, 4.0), ("2", "a", 9, None), ("2", "b", 1, 2.0)]
]


def shown(rows: list[UsageRow], by: Dimension, order: Order) -> tuple[list[str], int]:
    total = breakdown(rows, (by,), Labels(), order, {}).total
    return [node.label[-5:] for node in total.inner], total.left_out


@pytest.mark.parametrize(
    ("order", "labels"),
    [
        pytest.param(Order(limits=(None,)), ["11-01", "11-02", "11-03", "11-04"], id="as they passed"),
        pytest.param(Order(limits=(2,)), ["11-03", "11-04"], id="the newest, as they passed"),
        pytest.param(Order(None, True, (3,)), ["11-04", "11-03", "11-02"], id="the newest first"),
        pytest.param(Order(Sort.TIME, True, (2,)), ["11-04", "11-03"], id="by time turned round"),
        pytest.param(Order(Sort.REQUESTS, limits=(2,)), ["11-02", "11-04"], id="busiest"),
        pytest.param(Order(Sort.COST, limits=(None,)), ["11-03", "11-04", "11-01", "11-02"], id="unknown cost last"),
        pytest.param(Order(Sort.COST, True, (None,)), ["11-01", "11-04", "11-03", "11-02"], id="and last turned round"),
    ],
)
def test_days_come_in_the_order_that_is_asked_for(order: Order, labels: list[str]) -> None:
    found, left_out = shown(DAYS, Dimension.DAY, order)

    assert (found, left_out) == (labels, len(DAYS) - len(labels))


@pytest.mark.parametrize(
    ("order", "labels"),
    [
        pytest.param(Order(limits=(2,)), ["Beta", "alpha"], id="as the store has them"),
        pytest.param(Order(Sort.NAME, limits=(None,)), ["alpha", "Beta", "model"], id="by name, whatever their case"),
        pytest.param(Order(Sort.TOKENS, limits=(None,)), ["model", "Beta", "alpha"], id="by tokens"),
        pytest.param(Order(None, True, (None,)), ["model", "alpha", "Beta"], id="turned round"),
    ],
)
def test_models_come_in_the_order_that_is_asked_for(order: Order, labels: list[str]) -> None:
    assert shown(MODELS, Dimension.MODEL, order) == (labels, len(MODELS) - len(labels))


def test_every_group_has_its_sum_and_the_total_all_of_them() -> None:
    found = breakdown(NESTED, (Dimension.DAY, Dimension.MODEL), Labels(), Order(Sort.COST, limits=(None, 1)), {})

    assert (found.total.sums.requests, found.total.sums.cost_usd) == (17, 7.0)
    assert [(node.label, node.sums.cost_usd, node.left_out) for node in found.total.inner] == [
        ("1", 5.0, 1),
        ("2", 2.0, 1),
    ]
    assert [[inner.label for inner in node.inner] for node in found.total.inner] == [["b"], ["b"]]


def test_what_nobody_knows_stays_unknown_in_a_sum() -> None:
    total = added([Sums(1, input_tokens=5), Sums(2), Sums(3, input_tokens=7, failed=2)])

    assert (total.requests, total.input_tokens, total.output_tokens, total.failed) == (6, 12, None, 2)
    assert added([]) == Sums()
