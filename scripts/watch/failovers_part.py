"""The last failovers: a look goes in, a line for each comes out."""

from __future__ import annotations

from rich.text import Text

from codexlb_store.failovers import Failover
from codexlb_store.usage import Dimension
from scripts.report.outcomes import outcome_style
from scripts.report.printable import printable
from scripts.watch.choosing import Choosing
from scripts.watch.columns import fitted, headings, row, words
from scripts.watch.look import Look
from scripts.watch.place import Place

WHEN = words("Failed", 9, 9)
ACCOUNT, TO = words("Account", 12, 32), words("Went on with", 12, 32)
FAILURE, MODEL = words("Failure", 14, 24), words("Model", 12, 20, goes=1)
COLUMNS = (WHEN, ACCOUNT, FAILURE, TO, MODEL)


def shown_failovers(look: Look, choosing: Choosing) -> list[Failover]:
    """Those that the filter lets through, newest first."""
    return [
        one
        for one in look.failovers
        if choosing.shows(_account(look, one.account_id), _account(look, one.to_account_id), one.failure, one.model)
    ]


def failover_lines(look: Look, choosing: Choosing, room: int, place: Place) -> list[Text]:
    """A line for as many of them as there is `room` for (lines), below the headings."""
    widths = fitted(COLUMNS, place.width)
    lines = [
        row(
            widths,
            {
                WHEN: Text(place.clock(one.at), "dim"),
                ACCOUNT: _account(look, one.account_id),
                FAILURE: Text(printable(one.failure.replace("_", " ")), "yellow"),
                TO: _account(look, one.to_account_id) if one.to_account_id else _end(one),
                MODEL: printable(one.model or ""),
            },
        )
        for one in shown_failovers(look, choosing)[: max(0, room - 1)]
    ]
    return [headings(widths), *(lines or [Text("none" if not look.failovers else "none that fits the filter", "dim")])]


def _account(look: Look, account_id: str | None) -> str:
    return "" if account_id is None else look.labels.label(Dimension.ACCOUNT, account_id)


def _end(one: Failover) -> Text:
    """It was the last try."""
    return Text(f"none: {one.outcome or 'running'}", outcome_style(one.outcome))
