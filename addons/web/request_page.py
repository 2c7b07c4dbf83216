"""One request in full: its id goes in, what it was, how its time went by and why its accounts were chosen comes out."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from addons.web.labels import Labels, load_labels
from addons.web.links import Link, requests_link
from addons.web.page import Page, Part, Reading
from addons.web.timeline import timeline
from addons.web.words import exclusion_words, term_words
from codexlb_store.choices import ChoiceRow, Considered, load_choices
from codexlb_store.exchanges import ExchangeRow, request
from codexlb_store.ledger import AttemptRow
from codexlb_store.phrases import cache_words
from codexlb_store.quantity import UNKNOWN, count


@dataclass(frozen=True, slots=True)
class Candidate:
    """One account that was considered: its weight (and in percent of the largest), or why it was out, and its terms."""

    account_id: str
    is_chosen: bool
    weight: float | None
    weight_percent: float
    excluded: str | None
    terms: str


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: what came of it, and the choice that led there, each where it is known."""

    number: int
    attempt: AttemptRow | None
    choice: ChoiceRow | None
    candidates: tuple[Candidate, ...]


def request_page(reading: Reading) -> Page:
    """The page of the request whose id the path ends with; one that says so when there is none."""
    row = request(reading.db, reading.view.path.rpartition("/")[2])
    if row is None:
        message = "There is no request whose id begins so, or more than one: ask for it by its whole id."
        return Page("No such request", (Part("sorry", "sorry.html", {"message": message}, is_live=False),), 404)
    labels = load_labels(reading.db)
    choices = load_choices(reading.db, row.id)
    values = {
        "row": row,
        "labels": labels,
        "opened": f"{datetime.datetime.fromtimestamp(row.opened_at):%Y-%m-%d %H:%M:%S}",
        "facts": list(facts(row, labels)),
        "cache": cache_said(row),
        "stretches": timeline(row, labels),
        "tries": tries(row, choices),
        "is_explained": bool(choices),
    }
    return Page(f"Request {row.id[:8]}", (Part("request", "request.html", values, is_live=row.ended_at is None),))


def facts(row: ExchangeRow, labels: Labels) -> Iterator[tuple[str, str, Link | None]]:
    """A name, a value and perhaps where there is more like it, for everything that identifies the request."""
    yield "Id", row.id, None
    yield "Session", row.session or UNKNOWN, requests_link({"session": row.session}) if row.session else None
    yield "Conversation", row.thread or UNKNOWN, requests_link({"thread": row.thread}) if row.thread else None
    yield "Project", labels.project(row.project), requests_link({"project": row.project}) if row.project else None
    yield "Key", labels.key(row.key_id), requests_link({"key": row.key_id}) if row.key_id else None
    yield "Kind", f"{row.kind}, {row.path}", None
    yield "Client", row.client or UNKNOWN, None
    yield "Sent", f"{row.request_bytes:,} bytes", None
    yield "HTTP status", UNKNOWN if row.status is None else str(row.status), None
    yield "Answer", row.response_id or UNKNOWN, None


def cache_said(row: ExchangeRow) -> tuple[str, str | None]:
    """What was expected of the prompt cache and what came of it, and what was lost, if anything was."""
    if row.expected_cached is None:
        return "nothing was expected of it", None
    return f"{count(row.expected_cached)} expected, {count(row.tokens.cached)} came", cache_words(row)


def tries(row: ExchangeRow, choices: Sequence[ChoiceRow]) -> list[Try]:
    """The attempts in order, and the last look for an account that found none."""
    attempts = {attempt.number: attempt for attempt in row.attempts}
    chosen = {choice.number: choice for choice in choices}
    return [
        Try(number, attempts.get(number), chosen.get(number), candidates(chosen.get(number)))
        for number in sorted({*attempts, *chosen})
    ]


def candidates(choice: ChoiceRow | None) -> tuple[Candidate, ...]:
    """Everybody who was considered, the weightiest first."""
    if choice is None:
        return ()
    largest = max((one.weight or 0.0 for one in choice.candidates), default=0.0) or 1.0
    ordered = sorted(choice.candidates, key=lambda one: (one.excluded is not None, -(one.weight or 0.0)))
    return tuple(_candidate(one, choice.account_id, largest) for one in ordered)


def _candidate(one: Considered, chosen: str | None, largest: float) -> Candidate:
    return Candidate(
        account_id=one.account_id,
        is_chosen=one.account_id == chosen,
        weight=one.weight,
        weight_percent=round(100 * (one.weight or 0.0) / largest, 1),
        excluded=exclusion_words(one),
        terms=", ".join(term_words(name, value) for name, value in one.terms.items()),
    )
