"""The log of requests: filters from a form go in, a page of rows comes out, and where the earlier ones are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from addons.api_filters import filters_of
from addons.web.labels import Labels, load_labels
from addons.web.links import Link, requests_link
from addons.web.page import Page, Part, Reading
from addons.wire.page_parameters import MOST_CHARACTERS, parse_choice, parse_time
from codexlb_store.exchanges import ExchangeRow, requests, requests_of
from codexlb_store.ledger import Outcome
from codexlb_store.quantity import DAY
from codexlb_store.usage import Dimension, Filters, usage

FIELDS = ("account", "key", "model", "outcome", "project", "session", "since", "until")
"""What the form asks for, under the names of the API."""

MOST_ROWS = 50
"""On one page."""

MOST_OFFERED = 50
"""Models that the form offers: those of the last weeks, busiest first."""
OFFERED_SECONDS = 30 * DAY


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: the filters, an outcome, a conversation, and before when (unix seconds)."""

    filters: Filters
    outcome: Outcome | None
    thread: str | None
    before: float | None


def requests_page(reading: Reading) -> Page:
    """The newest requests that pass what was asked for; what cannot be understood is said above the form."""
    labels = load_labels(reading.db)
    given = {name: value for name, value in reading.view.parameters.items() if value}
    try:
        asked, problem = asked_of(reading, given), None
    except ValueError as error:
        asked, problem = None, str(error)
    rows = [] if asked is None else reading.figure(("rows", *sorted(given.items())), lambda: found(reading, asked))
    form = {**_offers(reading, labels), "given": given, "problem": problem, "is_narrowed": bool(set(given) & {*FIELDS})}
    earlier = _earlier(rows, given)
    newest = requests_link({name: value for name, value in given.items() if name != "before"})
    log = {"rows": rows, "labels": labels, "now": reading.now, "earlier": earlier, "newest": newest}
    is_first = "before" not in given
    return Page(
        "Requests",
        (
            Part("filters", "filters.html", form, is_live=False),
            Part("log", "log.html", {**log, "is_first": is_first}, is_live=is_first and asked is not None),
        ),
        200 if asked else 400,
    )


def asked_of(reading: Reading, given: Mapping[str, str]) -> Asked:
    """What the parameters ask for, times of this machine; raises ValueError."""
    for name, value in given.items():
        if len(value) > MOST_CHARACTERS:
            raise ValueError(f"{name[:40]} is longer than {MOST_CHARACTERS} characters: shorten it.")
    filters, _ = filters_of(reading.db, given, reading.now, zone=None)
    outcome, before = given.get("outcome"), given.get("before")
    return Asked(
        filters=filters,
        outcome=None if outcome is None else parse_choice("outcome", outcome, Outcome),
        thread=given.get("thread"),
        before=None if before is None else parse_time("before", before, reading.now, None),
    )


def found(reading: Reading, asked: Asked) -> list[ExchangeRow]:
    """The rows; those of a conversation are all of it, whatever else is asked for."""
    if asked.thread is not None:
        return requests_of(reading.db, asked.thread, MOST_ROWS, asked.before)
    return requests(reading.db, MOST_ROWS, asked.filters, asked.outcome, asked.before)


def _earlier(rows: Sequence[ExchangeRow], given: Mapping[str, str]) -> Link | None:
    return requests_link({**given, "before": repr(rows[-1].opened_at)}) if len(rows) == MOST_ROWS else None


def _offers(reading: Reading, labels: Labels) -> dict[str, object]:
    """What the form lets people choose from."""
    since = Filters(since=reading.now - OFFERED_SECONDS)
    rows = reading.figure("models", lambda: usage(reading.db, (Dimension.MODEL,), since))
    return {
        "accounts": labels.accounts,
        "keys": labels.keys,
        "projects": labels.projects,
        "models": [row.groups[0] for row in rows[:MOST_OFFERED] if row.groups[0]],
        "outcomes": list(Outcome),
    }
