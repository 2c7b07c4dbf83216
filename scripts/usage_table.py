"""How usage is shown: rows of the ledger's sums go in, a rich table or plain records for JSON come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from codexlb_store.accounts import Account
from codexlb_store.ledger import Outcome
from codexlb_store.reports import Dimension, UsageRow
from scripts.quantity import count, dollars, percent
from scripts.terminal import GAP, figures, table


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of figures: its heading and how a row fills it."""

    heading: str
    of: Callable[[UsageRow], str]


FIGURES = (
    Figure("Requests", lambda row: count(row.requests)),
    Figure("Input", lambda row: count(row.input_tokens)),
    Figure("Cached", lambda row: count(row.cached_tokens)),
    Figure("Cache %", lambda row: percent(row.cached_percent)),
    Figure("Output", lambda row: count(row.output_tokens)),
    Figure("Reasoning", lambda row: count(row.reasoning_tokens)),
    Figure("Cost", lambda row: dollars(row.cost_usd)),
)

FIRST_TO_GO = ("Reasoning", "Cached")
"""Columns left out, in this order, where the terminal is too narrow for whole names beside them."""

NONE_OF = {
    Dimension.ACCOUNT: "no account",
    Dimension.KEY: "no key",
    Dimension.SESSION: "no session",
    Dimension.MODEL: "no model",
    Dimension.OUTCOME: "still running",
    Dimension.DAY: "no day",
}
"""What the requests are called that have no value in a dimension."""

HAVE_NAMES = frozenset({Dimension.ACCOUNT, Dimension.KEY})
"""The ledger has their ids; people gave them names."""


def account_names(accounts: Iterable[Account]) -> dict[str, str]:
    """What to call each account, by id; two of one name (a person in two workspaces) carry their id."""
    known = list(accounts)
    names = [account.name for account in known]
    return {a.id: a.name if names.count(a.name) == 1 else f"{a.name} ({a.id})" for a in known}


def labelled(rows: Iterable[UsageRow], by: Dimension, names: Mapping[str, str]) -> list[tuple[str, UsageRow]]:
    """Each row with the words for its group; accounts and keys go by name."""
    return [(NONE_OF[by] if row.group is None else names.get(row.group, row.group), row) for row in rows]


def usage_table(label: str, rows: Sequence[tuple[str, UsageRow]], width: int, total: UsageRow | None = None) -> Table:
    """A row of figures per label, then the total if given, `width` characters wide at most."""
    label_width = max(len(text) for text in (label, *(text for text, _ in rows)))
    sums = [_known(row) for _, row in rows]
    foot = _known(total) if total else UsageRow("", 0, None, None, None, None, None)
    kept = figures_within(width - label_width, [*sums, foot])
    found = table(
        Column(label, "Total", overflow="fold"),
        *(figures(figure.heading, figure.of(foot)) for figure in kept),
        show_footer=total is not None,
    )
    for (text, _), row in zip(rows, sums, strict=True):
        found.add_row(text, *(figure.of(row) for figure in kept))
    return found


def figures_within(width: int, rows: Sequence[UsageRow]) -> tuple[Figure, ...]:
    """The columns that fit into this many characters with what these rows put into them."""
    kept: tuple[Figure, ...] = FIGURES
    for heading in FIRST_TO_GO:
        if sum(GAP + max(len(text) for text in _texts(figure, rows)) for figure in kept) <= width:
            break
        kept = tuple(figure for figure in kept if figure.heading != heading)
    return kept


def _texts(figure: Figure, rows: Iterable[UsageRow]) -> list[str]:
    return [figure.heading, *(figure.of(row) for row in rows)]


def _known(row: UsageRow) -> UsageRow:
    """The row as people read it: of no requests it is known what they used, which is nothing."""
    if row.requests:
        return row
    return replace(row, input_tokens=0, cached_tokens=0, output_tokens=0, reasoning_tokens=0, cost_usd=0)


def outcome_style(outcome: str | None) -> str:
    """The colour of an outcome: green as it should be, yellow cut short or turned away, red went wrong."""
    match outcome:
        case Outcome.COMPLETED:
            return "green"
        case Outcome.INCOMPLETE | Outcome.CANCELLED | Outcome.REFUSED:
            return "yellow"
        case Outcome.FAILED | Outcome.LOST:
            return "red"
        case _:
            return "cyan"


def outcomes_line(rows: Iterable[UsageRow]) -> Text:
    """How the requests ended, in one line: 118 completed · 2 failed."""
    parts = [Text(f"{count(row.requests)} {row.group or 'running'}", outcome_style(row.group)) for row in rows]
    return Text(" · ", "dim").join(parts)


def usage_record(row: UsageRow, by: Dimension | None, names: Mapping[str, str]) -> dict[str, Any]:
    """One row as a JSON object, its group under the dimension's name; unknown is null."""
    figures = asdict(row)
    group = figures.pop("group")
    if by is None:
        return figures
    name = {f"{by}_name": names.get(group)} if by in HAVE_NAMES else {}
    return {str(by): group, **name, **figures}
