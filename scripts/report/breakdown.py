"""Usage by one or two things: rows of the store go in, groups within groups come out, in order and not too many."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from operator import attrgetter

from codexlb_store.latencies import Latency
from codexlb_store.usage import Dimension, Sums, UsageRow
from scripts.report.labels import TIMES, Labels

Groups = tuple[str | None, ...]
Latencies = Mapping[Groups, Latency]


class Sort(enum.StrEnum):
    """What the rows of a report can be put in order by."""

    TIME = "time"
    NAME = "name"
    REQUESTS = "requests"
    TOKENS = "tokens"
    INPUT = "input"
    CACHED = "cached"
    CACHE = "cache"
    OUTPUT = "output"
    REASONING = "reasoning"
    COST = "cost"
    FAILOVERS = "failovers"
    MOVED = "moved"


_FIGURES: dict[Sort, Callable[[Sums], float | None]] = {
    Sort.REQUESTS: lambda sums: sums.requests,
    Sort.TOKENS: lambda sums: sums.total_tokens,
    Sort.INPUT: lambda sums: sums.input_tokens,
    Sort.CACHED: lambda sums: sums.cached_tokens,
    Sort.CACHE: lambda sums: sums.cached_percent,
    Sort.OUTPUT: lambda sums: sums.output_tokens,
    Sort.REASONING: lambda sums: sums.reasoning_tokens,
    Sort.COST: lambda sums: sums.cost_usd,
    Sort.FAILOVERS: lambda sums: sums.failovers,
    Sort.MOVED: lambda sums: sums.moved,
}


@dataclass(frozen=True, slots=True)
class Order:
    """In which order rows come (None: times as they passed, all else busiest first), and how many at most.

    There is one number for every dimension, for nested rows are limited in each group; None is all.
    """

    sort: Sort | None = None
    is_reversed: bool = False
    limits: tuple[int | None, ...] = (None, None)


@dataclass(frozen=True, slots=True)
class Node:
    """One row of a report: its values by dimension, what it is called, its sums, and the rows within it."""

    groups: Groups
    label: str
    sums: Sums
    latency: Latency | None = None
    inner: tuple[Node, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A whole report: its dimensions, and the total with everything within it."""

    by: tuple[Dimension, ...]
    total: Node
    order: Order


_SUMMED = attrgetter(*(field.name for field in fields(Sums)))


def added(rows: Iterable[Sums]) -> Sums:
    """What rows add up to; None where nothing is known of any."""
    rows = list(rows)
    if len(rows) == 1:
        return rows[0]
    columns = zip(*map(_SUMMED, rows), strict=True)
    known = [[value for value in column if value is not None] for column in columns]
    return Sums(*(sum(values) if values else None for values in known)) if known else Sums()  # type: ignore[arg-type]


def breakdown(
    rows: Sequence[UsageRow], by: Sequence[Dimension], labels: Labels, order: Order, latencies: Latencies
) -> Breakdown:
    """The rows by their dimensions, with sums for every group and for all."""
    nest = _Nest(tuple(by), labels, order, latencies)
    return Breakdown(tuple(by), nest.node((), rows), order)


@dataclass(frozen=True, slots=True)
class _Nest:
    by: tuple[Dimension, ...]
    labels: Labels
    order: Order
    latencies: Latencies

    def node(self, groups: Groups, rows: Sequence[UsageRow]) -> Node:
        depth = len(groups)
        label = self.labels.label(self.by[depth - 1], groups[-1]) if groups else "Total"
        latency = self.latencies.get(groups)
        if depth == len(self.by):
            return Node(groups, label, added(row.sums for row in rows), latency)
        parts = groupby(rows, lambda row: row.groups[: depth + 1])
        inner = [self.node(part, list(found)) for part, found in parts]
        kept = cut(ordered(inner, self.by[depth], self.order), self.by[depth], self.order, self.order.limits[depth])
        return Node(groups, label, added(node.sums for node in inner), latency, kept, len(inner) - len(kept))


def ordered(nodes: Sequence[Node], by: Dimension, order: Order) -> list[Node]:
    """The rows of one group in order; what is unknown comes last, and equals stay as they are."""
    if order.sort in _FIGURES:
        figure = _FIGURES[order.sort]
        known = [node for node in nodes if figure(node.sums) is not None]
        unknown = [node for node in nodes if figure(node.sums) is None]
        ahead = sorted(known, key=lambda node: figure(node.sums) or 0, reverse=not order.is_reversed)
        return [*ahead, *unknown]
    if order.sort is Sort.NAME or (order.sort is Sort.TIME and by in TIMES):
        return sorted(nodes, key=lambda node: node.label.casefold(), reverse=order.is_reversed)
    is_turned = order.is_reversed and order.sort is None
    return list(reversed(nodes)) if is_turned else list(nodes)


def cut(nodes: Sequence[Node], by: Dimension, order: Order, limit: int | None) -> tuple[Node, ...]:
    """The first rows; of times as they passed the last ones."""
    if limit is None or len(nodes) <= limit:
        return tuple(nodes)
    return tuple(nodes[-limit:] if ends_with_newest(by, order) else nodes[:limit])


def ends_with_newest(by: Dimension, order: Order) -> bool:
    """Whether the rows are times as they passed, so that the last are the ones to see."""
    return by in TIMES and order.sort in (None, Sort.TIME) and not order.is_reversed
