"""The columns of every report of usage: what a row adds up to goes in, a heading and a short text come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from codexlb_store.latencies import Latency
from codexlb_store.quantity import count, dollars, latency, percent
from codexlb_store.usage import Sums
from scripts.terminal import GAP

Line = tuple[Sums, Latency | None]
"""What one row shows; no latency where none was asked for."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One column: its heading, how a row fills it, and how soon it goes where there is no room (0: never)."""

    heading: str
    of: Callable[[Line], str]
    goes: int = 0


FIGURES = (
    Figure("Requests", lambda line: count(line[0].requests)),
    Figure("Uncached", lambda line: count(line[0].uncached_tokens), goes=3),
    Figure("Cached", lambda line: count(line[0].cached_tokens), goes=4),
    Figure("Cache %", lambda line: percent(line[0].cached_percent), goes=1),
    Figure("Output", lambda line: count(line[0].output_tokens), goes=2),
    Figure("Reasoning", lambda line: count(line[0].reasoning_tokens), goes=5),
    Figure("Total", lambda line: count(line[0].total_tokens)),
    Figure("Cost", lambda line: dollars(line[0].cost_usd)),
)
"""What everybody wants to know. The total is what came from the prompt cache, what did not, and output."""

MORE_FIGURES = (
    Figure("First p50", lambda line: latency(line[1].first_token_p50 if line[1] else None), goes=7),
    Figure("First p95", lambda line: latency(line[1].first_token_p95 if line[1] else None), goes=7),
    Figure("Failovers", lambda line: count(line[0].failovers), goes=8),
    Figure("Moved", lambda line: count(line[0].moved), goes=9),
    Figure("Warm lost", lambda line: count(line[0].lost_cached_tokens), goes=6),
)
"""What there is room for on wide terminals: how long the first token took, and what went otherwise than it should."""

ROOM_FOR_MORE = 100
"""From this many characters on there is a look for what is more than the usual."""


def known(line: Line) -> Line:
    """The row as people read it: of no requests it is known what they used, which is nothing."""
    sums, found = line
    if sums.requests:
        return line
    tokens = {"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0}
    return replace(sums, **tokens, cost_usd=0.0, lost_cached_tokens=0), found


def figures_within(width: int, figures: Sequence[Figure], lines: Sequence[Line]) -> tuple[Figure, ...]:
    """The columns that fit into this many characters with what these rows put into them."""
    kept = tuple(figures)
    widths = {figure: GAP + max(map(cell_len, _texts(figure, lines))) for figure in kept}
    while sum(widths[figure] for figure in kept) > width and any(figure.goes for figure in kept):
        first = max(figure.goes for figure in kept)
        kept = tuple(figure for figure in kept if figure.goes != first)
    return kept


def _texts(figure: Figure, lines: Iterable[Line]) -> list[str]:
    return [figure.heading, *(figure.of(line) for line in lines)]
