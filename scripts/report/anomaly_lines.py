"""What went otherwise than it should, in words: anomalies of a stretch of time go in, lines come out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from codexlb_store.anomalies import Anomalies
from codexlb_store.quantity import count, dollars
from codexlb_store.usage import Sums
from scripts.report.printable import printable
from scripts.terminal import GAP

MOST_MODELS = 5
"""So many models without a price are named."""


def anomaly_lines(found: Anomalies) -> list[tuple[str, str]]:
    """A number and what it is of, for everything that happened at all."""
    lost_tokens = sum(loss.tokens for loss in found.cache_losses)
    lines = [
        (found.failovers, "failed over to another account"),
        (found.moved, "moved: not served by their session's last account"),
        (lost_tokens, f"warm tokens lost: {_causes(found)}"),
        (found.unpriced, f"without a price: {_models(found)}"),
        (found.estimated, "estimated: left by their client, so the upstream never told their use"),
        (found.lost, "lost: the proxy ended before the answer did"),
    ]
    return [(count(number), words) for number, words in lines if number]


def anomalies_grid(found: Anomalies) -> Table:
    """The same, a line each."""
    grid = Table.grid(Column(justify="right", no_wrap=True), Column(overflow="fold"), padding=(0, GAP, 0, 0))
    for number, words in anomaly_lines(found):
        grid.add_row(Text(number, "yellow"), words)
    return grid


def anomalies_record(found: Anomalies) -> dict[str, Any]:
    """The same as an object for JSON."""
    return asdict(found)


def coverage(total: Sums, found: Anomalies | None) -> str:
    """Of how many requests the figures are, and of how many not: 1,204 requests, 9 estimated, 2 lost."""
    ended = total.requests - total.running
    lost, unpriced = (found.lost, found.unpriced) if found else (0, 0)
    unknown = ended - total.counted - total.estimated - lost
    parts = [
        (total.running, "still running"),
        (total.estimated, "estimated"),
        (lost, "lost"),
        (max(0, unknown), "without any figures"),
        (unpriced, f"without a price: {_models(found)}" if found else ""),
    ]
    requests = f"{total.requests:,} request{'' if total.requests == 1 else 's'}"
    odd = [f"{number:,} {words}" for number, words in parts if number]
    return ", ".join([requests, *(odd or ["all counted"])])


def estimates(total: Sums) -> str | None:
    """What was estimated, which is in no other figure; None where nothing was."""
    if not total.estimated:
        return None
    tokens = f"{count(total.estimated_input_tokens)} input, {count(total.estimated_output_tokens)} output tokens"
    return f"Estimated, and in no figure above: {tokens}, {dollars(total.estimated_cost_usd)}"


def _causes(found: Anomalies) -> str:
    causes = [(loss.cause.replace("_", " "), loss.tokens) for loss in found.cache_losses if loss.tokens]
    return ", ".join(f"{count(tokens)} {cause}" for cause, tokens in causes)


def _models(found: Anomalies) -> str:
    shown = [printable(model) for model in found.unpriced_models[:MOST_MODELS]]
    left = len(found.unpriced_models) - len(shown)
    return ", ".join([*shown, *([f"{left} more"] if left else [])]) or "requests without a model"
