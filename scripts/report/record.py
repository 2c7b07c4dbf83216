"""A row of a report as data: what it adds up to goes in, an object for JSON comes out. Unknown is null."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from codexlb_store.latencies import Latency
from codexlb_store.usage import Dimension, Sums
from scripts.report.breakdown import Node
from scripts.report.labels import HAVE_NAMES, Labels

VERSION = 1
"""Of every JSON document of a report: goes up when a field changes its meaning or goes away; new ones may come
without."""


def line_record(sums: Sums, latency: Latency | None) -> dict[str, Any]:
    """What requests add up to, and how long half of them and nearly all of them took to their first token."""
    return {
        **sums_record(sums),
        "first_token_ms_p50": latency.first_token_p50 if latency else None,
        "first_token_ms_p95": latency.first_token_p95 if latency else None,
    }


def sums_record(sums: Sums) -> dict[str, Any]:
    """What requests add up to; tokens and dollars that were estimated are never in the other figures."""
    return {
        "requests": sums.requests,
        "input_tokens": sums.input_tokens,
        "cached_tokens": sums.cached_tokens,
        "output_tokens": sums.output_tokens,
        "reasoning_tokens": sums.reasoning_tokens,
        "cost_usd": sums.cost_usd,
        "uncached_tokens": sums.uncached_tokens,
        "total_tokens": sums.total_tokens,
        "cached_percent": sums.cached_percent,
        "attempts": sums.attempts,
        "failovers": sums.failovers,
        "moved": sums.moved,
        "failed": sums.failed,
        "running": sums.running,
        "counted": sums.counted,
        "priced": sums.priced,
        "estimated": sums.estimated,
        "estimated_input_tokens": sums.estimated_input_tokens,
        "estimated_output_tokens": sums.estimated_output_tokens,
        "estimated_cost_usd": sums.estimated_cost_usd,
        "expected_cached_tokens": sums.expected_cached_tokens,
        "lost_cached_tokens": sums.lost_cached_tokens,
    }


def node_record(node: Node, by: Sequence[Dimension], names: Labels) -> dict[str, Any]:
    """One row: its values under the names of the dimensions, ids with their names beside them, then its figures."""
    found: dict[str, Any] = {}
    for dimension, value in zip(by, node.groups, strict=False):
        found[str(dimension)] = value
        if dimension in HAVE_NAMES:
            found[f"{dimension}_name"] = names.name(dimension, value)
    return {**found, **line_record(node.sums, node.latency)}


def headings(by: Sequence[Dimension]) -> list[str]:
    """The names of all the fields of such a row, in order."""
    return list(node_record(Node((None,) * len(by), "", Sums()), by, Labels()))


def leaves(node: Node) -> Iterator[Node]:
    """The innermost rows, in order."""
    for inner in node.inner:
        yield from leaves(inner) if inner.inner else (inner,)


def left_out(node: Node) -> int:
    """How many rows are not shown, in all groups."""
    return node.left_out + sum(map(left_out, node.inner))
