"""How single requests are shown: ledger rows go in, a rich table comes out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from rich.table import Column, Table
from rich.text import Text

from codexlb_store.exchanges import ExchangeRow
from codexlb_store.ledger import AttemptRow
from codexlb_store.phrases import cache_words, estimate_words
from codexlb_store.quantity import count, dollars, latency, moment
from codexlb_store.usage import Dimension
from scripts.report.labels import Labels
from scripts.report.outcomes import outcome_style
from scripts.report.printable import printable
from scripts.terminal import figures, table

ROOMY_WIDTH = 100
"""From this many characters on there is room for cached tokens, the first token and the project, too."""

NARROW_WIDTH = 70
"""Below it figures leave no room for words: of them the cost has to do."""

ID_CHARACTERS = 8
"""So much of an id is enough for `codexlb report explain`."""

USUAL_TIERS = ("default", "standard", "auto")
"""Service tiers that go without saying."""


def requests_table(
    rows: Iterable[ExchangeRow], labels: Labels, now: float, width: int, zone: datetime.tzinfo | None = None
) -> Table:
    """One row per request and in it one line per attempt, `width` characters wide at most.

    Clock times are in `zone` (None: this machine's).
    """
    roomy, narrow = width >= ROOMY_WIDTH, width < NARROW_WIDTH
    found = table(
        Column("Time", no_wrap=True, style="dim"),
        Column("Id", no_wrap=True, style="dim"),
        Column("Request", overflow="fold"),
        *([Column("Project", overflow="fold")] if roomy else []),
        Column("Outcome", no_wrap=True),
        *([] if narrow else [figures("Input")]),
        *([figures("Cached")] if roomy else []),
        *([] if narrow else [figures("Output")]),
        figures("Cost"),
        *([figures("First")] if roomy else []),
        *([] if narrow else [figures("Took")]),
    )
    for row in rows:
        project = labels.label(Dimension.PROJECT, row.project) if row.project else ""
        found.add_row(
            moment(row.opened_at, now, zone),
            row.id[:ID_CHARACTERS],
            Text("\n").join(_story(row, labels)),
            *([project] if roomy else []),
            Text(row.outcome or "running", outcome_style(row.outcome)),
            *([] if narrow else [count(row.tokens.input)]),
            *([count(row.tokens.cached)] if roomy else []),
            *([] if narrow else [count(row.tokens.output)]),
            dollars(row.cost_usd),
            *([latency(row.first_token_ms)] if roomy else []),
            *([] if narrow else [latency(row.total_ms)]),
        )
    return found


def asked_for(row: ExchangeRow) -> str:
    """The model, effort and tier of a request; of one without a model what kind it is of."""
    tier = None if row.tier in USUAL_TIERS else row.tier
    return printable(" ".join(word for word in (row.model or row.kind, row.effort, tier) if word))


def _story(row: ExchangeRow, labels: Labels) -> Iterator[Text]:
    """What was asked for, then each attempt, then what else there is to say."""
    yield Text(asked_for(row))
    for attempt in row.attempts:
        yield attempt_words(attempt, labels)
    if row.error:
        yield Text(printable(row.error), "red")
    if lost := cache_words(row):
        yield Text(lost, "yellow")
    if guess := estimate_words(row):
        yield Text(guess, "cyan")


def attempt_words(attempt: AttemptRow, labels: Labels) -> Text:
    """The account of an attempt, and why it failed there if it did."""
    name = labels.label(Dimension.ACCOUNT, attempt.account_id)
    if attempt.failure is None:
        return Text(name, "dim")
    status = f" {attempt.status}" if attempt.status is not None else ""
    return Text.assemble((name, "dim"), (f": {printable(attempt.failure.replace('_', ' '))}{status}", "yellow"))
