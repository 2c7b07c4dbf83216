"""What was proved of the ledger, in words: a verification goes in, a page or a JSON object comes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from codexlb_store.quantity import UNKNOWN, dollars, window_name
from codexlb_store.reconciliation import Range
from codexlb_store.usage import Dimension
from codexlb_store.verify import Gaps, Verification
from scripts.report.labels import Labels
from scripts.report.printable import printable
from scripts.report.record import VERSION
from scripts.terminal import GAP, figures, table

PROVED = "Attempts, requests and sums agree: {requests:,} requests on {days:,} days, to the token and the cent."
NOTHING = "There is nothing to prove yet: the ledger has no requests that ended."
REFUTED = "The ledger does not add up: {} of its figures differ."

MOST_MISMATCHES = 50
"""So many differences are shown; one defect may make a great many."""


def proof_page(found: Verification, labels: Labels) -> RenderableType:
    """What was proved, what differs, what is missing, and how estimates compare with what the upstream counted."""
    parts: list[RenderableType] = [_sentence(found)]
    if found.mismatches:
        parts.append(Padding(_mismatches(found), (1, 0, 0, 0), expand=False))
    if lines := list(gap_lines(found.gaps)):
        grid = Table.grid(Column(justify="right", no_wrap=True), Column(overflow="fold"), padding=(0, GAP, 0, 0))
        for number, words in lines:
            grid.add_row(Text(f"{number:,}", "yellow"), words)
        parts += [Text("\nGaps", "bold"), Padding(grid, (1, 0, 0, 0), expand=False)]
    if found.estimates:
        parts += [Text("\nEstimates", "bold"), Padding(_estimates(found, labels), (1, 0, 0, 0), expand=False)]
    return Group(*parts)


def _sentence(found: Verification) -> Text:
    if not found.holds:
        wrong = len(found.mismatches) or found.gaps.tokens_without_attempts + found.gaps.attempts_without_row
        return Text(REFUTED.format(f"{wrong:,}"), "red")
    if not found.requests:
        return Text(NOTHING)
    return Text(PROVED.format(requests=found.requests, days=found.days), "green")


def _mismatches(found: Verification) -> RenderableType:
    shown = table(
        Column("Day", no_wrap=True), Column("Figure"), figures("Attempts"), figures("Requests"), figures("Sums")
    )
    for one in found.mismatches[:MOST_MISMATCHES]:
        shown.add_row(one.day, one.figure.replace("_", " "), *map(_number, (one.attempts, one.rows, one.sums)))
    left = len(found.mismatches) - MOST_MISMATCHES
    return Group(shown, Text(f"… and {left:,} more", "dim")) if left > 0 else shown


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.10g}"


def gap_lines(gaps: Gaps) -> Iterator[tuple[int, str]]:
    """A number of requests and what is not known of them, for each gap there is."""
    lines = [
        (gaps.tokens_without_attempts, "have tokens but no attempt that used them"),
        (gaps.attempts_without_row, "attempts belong to no request"),
        (gaps.running, "still running"),
        (gaps.abandoned, "open though their proxy is dead: its next start closes them as lost"),
        *((number, f"{outcome} without any figures") for outcome, number in gaps.without_tokens.items()),
        *(
            (number, f"without a price: {printable(model) if model else 'no model'}")
            for model, number in gaps.unpriced.items()
        ),
    ]
    yield from ((number, words) for number, words in lines if number)
    if gaps.only_sums:
        kept = gaps.only_sums
        yield (
            kept.requests,
            f"of {kept.first_day} to {kept.last_day} have their sums only: their rows were kept long enough",
        )


def _estimates(found: Verification, labels: Labels) -> Table:
    shown = table(
        Column("Account", overflow="fold"),
        Column("Limit", no_wrap=True),
        figures("Estimates"),
        figures("Estimated"),
        figures("By readings"),
    )
    for (account, minutes), one in found.estimates.items():
        name = labels.label(Dimension.ACCOUNT, account)
        shown.add_row(
            name, window_name(minutes), str(one.estimates), dollars(one.estimated_usd), _range(one.implied_usd)
        )
    return shown


def _range(found: Range | None) -> str:
    """From what to what; readings are whole percents, so it is never one figure."""
    return "cannot tell" if found is None else f"{dollars(found.low)} to {dollars(found.high)}"


def proof_record(found: Verification) -> dict[str, Any]:
    """The proof as a JSON object."""
    return {
        "version": VERSION,
        "holds": found.holds,
        "requests": found.requests,
        "days": found.days,
        "mismatches": [asdict(one) for one in found.mismatches],
        "gaps": {
            **asdict(found.gaps),
            "without_tokens": dict(found.gaps.without_tokens),
            "unpriced": [{"model": model, "requests": number} for model, number in found.gaps.unpriced.items()],
        },
        "estimates": [
            {"account": account, "minutes": minutes, **asdict(one)}
            for (account, minutes), one in found.estimates.items()
        ],
    }
