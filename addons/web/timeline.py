"""How the time of one request went by: a row of the ledger goes in, stretches in percent of it come out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from addons.web.labels import Labels
from addons.web.words import Tone, failure_words
from codexlb_store.exchanges import ExchangeRow
from codexlb_store.quantity import latency

SHORTEST = 0.6
"""In percent: a stretch that took no time at all can still be seen."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the request's time: from where, how long (in percent of all of it), how that went, in words."""

    label: str
    left: float
    width: float
    tone: Tone
    said: str


def timeline(row: ExchangeRow, labels: Labels) -> tuple[Stretch, ...]:
    """What happened one after the other; nothing of a request that still runs, or took no time."""
    if row.ended_at is None or not row.total_ms:
        return ()
    return tuple(_placed(*found, total_ms=row.total_ms) for found in _stretches(row, labels, row.total_ms))


def _stretches(row: ExchangeRow, labels: Labels, total_ms: float) -> Iterator[tuple[str, float, float, Tone]]:
    """Label, beginning and end in milliseconds since the request opened, and tone."""
    starts = [1000 * (attempt.started_at - row.opened_at) for attempt in row.attempts]
    yield "before the first attempt", 0.0, starts[0] if starts else total_ms, Tone.QUIET
    for attempt, start in zip(row.attempts, starts, strict=True):
        failure = failure_words(attempt)
        name = f"attempt {attempt.number}: {labels.account(attempt.account_id)}"
        end = start + attempt.milliseconds
        if failure is not None:
            yield f"{name}, {failure}", start, end, Tone.BAD
        elif row.first_token_ms is None:
            yield name, start, end, Tone.GOOD
        else:
            yield f"{name}, to the first token", start, row.first_token_ms, Tone.BUSY
            yield "answer", row.first_token_ms, max(end, row.first_token_ms), Tone.GOOD


def _placed(label: str, start_ms: float, end_ms: float, tone: Tone, total_ms: float) -> Stretch:
    left = min(100 - SHORTEST, max(0.0, 100 * start_ms / total_ms))
    width = min(100 - left, max(SHORTEST, 100 * (end_ms - start_ms) / total_ms))
    said = latency(max(0.0, end_ms - start_ms))
    return Stretch(label, round(left, 2), round(width, 2), tone, said)
