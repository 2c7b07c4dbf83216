"""How requests ended: outcomes go in, colours and lines come out."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from codexlb_store.ledger import Outcome
from codexlb_store.quantity import count
from codexlb_store.usage import UsageRow
from scripts.remarks import Remark, folded


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


def outcomes_line(rows: Iterable[UsageRow], width: int) -> Text:
    """How requests ended, in lines of this many characters: 118 completed · 2 cancelled (1 estimated)."""
    return folded(map(_ended, rows), width)


def _ended(row: UsageRow) -> Remark:
    [outcome] = row.groups
    of_them = f" ({count(row.sums.estimated)} estimated)" if row.sums.estimated else ""
    return Remark((f"{count(row.sums.requests)} {outcome or 'running'}{of_them}",), outcome_style(outcome))
