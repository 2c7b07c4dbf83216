"""One request in full: what the ledger knows of it goes in, a page that explains it or a JSON object comes out."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text
from sqlite_utils import Database

from codexlb_store.choices import ChoiceRow, Considered, load_choices
from codexlb_store.exchanges import ExchangeRow
from codexlb_store.ledger import UNKNOWN as NO_TOKENS
from codexlb_store.ledger import Tokens
from codexlb_store.phrases import EXCLUSIONS, cache_words, estimate_words, reason_words
from codexlb_store.quantity import UNKNOWN, count, dollars, duration, latency, percent
from codexlb_store.usage import Dimension
from scripts.report.labels import Labels
from scripts.report.outcomes import outcome_style
from scripts.report.printable import printable
from scripts.report.record import VERSION
from scripts.report.request_record import request_record
from scripts.report.requests_table import asked_for, attempt_words
from scripts.terminal import figures, table

NOT_KEPT = "Why its accounts were chosen is not known: that is kept for some weeks only, and not for every request."

CHOSEN = "*"


@dataclass(frozen=True, slots=True)
class Explained:
    """A request, and the choice of an account for each of its attempts, as far as they are kept."""

    row: ExchangeRow
    choices: Sequence[ChoiceRow]


def explained(db: Database, row: ExchangeRow) -> Explained:
    """The request with its choices."""
    return Explained(row, load_choices(db, row.id))


def explained_page(found: Explained, labels: Labels, zone: datetime.tzinfo | None) -> RenderableType:
    """What the request was, then for each attempt which account it went to and why; clock times in `zone`."""
    row = found.row
    head = Text.assemble((asked_for(row), "bold"), " · ", (row.outcome or "running", outcome_style(row.outcome)))
    parts: list[RenderableType] = [head, Padding(_facts(row, labels, zone), (1, 0), expand=False)]
    by_number = {choice.number: choice for choice in found.choices}
    attempts = {attempt.number: attempt for attempt in row.attempts}
    for number in sorted({*by_number, *attempts}):
        attempt, choice = attempts.get(number), by_number.get(number)
        words = attempt_words(attempt, labels) if attempt else Text("no account", "yellow")
        took = f", {latency(attempt.milliseconds)}" if attempt else ""
        parts.append(Text.assemble((f"Attempt {number}", "bold"), " ", words, (took, "dim")))
        parts.append(Padding(_choice(choice, labels) if choice else Text("not known why", "dim"), (0, 0, 1, 2)))
    return Group(*parts, *([] if found.choices else [Text(NOT_KEPT, "dim")]))


def _facts(row: ExchangeRow, labels: Labels, zone: datetime.tzinfo | None) -> Table:
    found = Table.grid(Column(style="dim", no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    opened = datetime.datetime.fromtimestamp(row.opened_at, zone)
    took = f", first token after {latency(row.first_token_ms)}, all after {latency(row.total_ms)}"
    found.add_row("Id", row.id)
    found.add_row("Opened", f"{opened:%Y-%m-%d %H:%M:%S}{took}")
    found.add_row("Tokens", _tokens(row.tokens))
    found.add_row("Cost", dollars(row.cost_usd))
    if guess := estimate_words(row):
        found.add_row("", Text(guess, "cyan"))
    found.add_row("Cache", _cache(row))
    for name, value in _names(row, labels).items():
        found.add_row(name, UNKNOWN if value is None else printable(value))
    if row.error:
        found.add_row("Error", Text(printable(row.error), "red"))
    return found


def _tokens(tokens: Tokens) -> str:
    if tokens == NO_TOKENS:
        return UNKNOWN
    return (
        f"{count(tokens.input)} input, {count(tokens.cached)} of it cached, {count(tokens.output)} output, "
        f"{count(tokens.reasoning)} of it reasoning"
    )


def _names(row: ExchangeRow, labels: Labels) -> Mapping[str, str | None]:
    return {
        "Session": row.session,
        "Project": labels.label(Dimension.PROJECT, row.project),
        "Key": labels.label(Dimension.KEY, row.key_id),
        "Client": row.client,
        "Answer": row.response_id,
    }


def _cache(row: ExchangeRow) -> Text:
    """What was expected of the prompt cache and what came of it."""
    if row.expected_cached is None:
        return Text("nothing was expected of it", "dim")
    expected = f"{count(row.expected_cached)} expected, {count(row.tokens.cached)} came"
    lost = cache_words(row)
    return Text.assemble(expected, (f": {lost}", "yellow") if lost else "")


def _choice(choice: ChoiceRow, labels: Labels) -> RenderableType:
    """Why this account: the reason, and everybody who was considered, the weightiest first."""
    found = table(Column(""), Column("Account", overflow="fold"), figures("Weight"), Column("Why", overflow="fold"))
    for one in sorted(choice.candidates, key=lambda one: (one.excluded is not None, -(one.weight or 0))):
        mark = CHOSEN if one.account_id == choice.account_id else ""
        weight = "" if one.weight is None else f"{one.weight:.3g}"
        found.add_row(mark, labels.label(Dimension.ACCOUNT, one.account_id), weight, _why(one))
    reason = Text(reason_words(choice.reason))
    return Group(reason, found) if choice.candidates else reason


def _why(one: Considered) -> Text:
    if one.excluded is not None:
        return Text(EXCLUSIONS.get(one.excluded, one.excluded.replace("_", " ")), "yellow")
    return Text(", ".join(term(name, value) for name, value in one.terms.items()), "dim")


def term(name: str, value: float) -> str:
    """A factor of a weight in words, its unit taken from its name: long used 47%, long reset 3 d 4 h."""
    for unit, written in (("_percent", percent), ("_seconds", duration)):
        if name.endswith(unit):
            return f"{name.removesuffix(unit).replace('_', ' ')} {written(value)}"
    return f"{name.replace('_', ' ')} {value:.3g}"


def explained_record(found: Explained, names: Labels) -> dict[str, Any]:
    """The request as a JSON object with the choices of its attempts."""
    return {
        "version": VERSION,
        **request_record(found.row, names),
        "choices": [
            {
                "number": choice.number,
                "chosen_at": choice.chosen_at,
                "account": choice.account_id,
                "account_name": names.name(Dimension.ACCOUNT, choice.account_id),
                "reason": choice.reason,
                "candidates": [_candidate(one, names) for one in choice.candidates],
            }
            for choice in found.choices
        ],
    }


def _candidate(one: Considered, names: Labels) -> dict[str, Any]:
    return {
        "account": one.account_id,
        "account_name": names.name(Dimension.ACCOUNT, one.account_id),
        "weight": one.weight,
        "excluded": one.excluded,
        "terms": dict(one.terms),
    }
