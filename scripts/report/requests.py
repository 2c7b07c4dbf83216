"""`codexlb report requests`: single requests, newest first."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import click

from codexlb_store.exchanges import ExchangeRow, requests
from codexlb_store.ledger import Outcome
from scripts.data_folder import DataFolder, data_folder
from scripts.report.delivery import deliver, drawn
from scripts.report.form import Form, Wanted, form_options
from scripts.report.labels import load_labels, load_names
from scripts.report.overview_page import NO_REQUESTS
from scripts.report.plain import csv_text, markdown_text
from scripts.report.record import VERSION
from scripts.report.request_record import CELLS, request_cells, request_record
from scripts.report.requests_table import requests_table
from scripts.report.selection import Asked, Selection, select, selection_options

DEFAULT_LIMIT, MOST = 20, 100_000

NONE_SUCH = "No requests are of this kind: ask for a longer time, or for less."


@click.command("requests")
@selection_options
@click.option("--outcome", type=click.Choice([str(one) for one in Outcome]), help="Those only that ended so.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), default=DEFAULT_LIMIT, show_default=True, help="Show at most so many."
)
@form_options
def command(asked: Asked, outcome: str | None, limit: int, wanted: Wanted) -> None:
    """Show single requests, newest first.

    Each with the accounts that were tried for it, what was lost of its prompt cache, and what had to be estimated.
    `codexlb report explain ID` tells more of one.
    """
    now = time.time()
    with data_folder() as folder:
        selection = select(folder.db, asked, now)
        rows = requests(folder.db, limit, selection.filters, Outcome(outcome) if outcome else None)
        text = _shown(folder, rows, selection, now, wanted)
    deliver(text, wanted.output)


def _shown(folder: DataFolder, rows: Sequence[ExchangeRow], selection: Selection, now: float, wanted: Wanted) -> str:
    names = load_names(folder.db)
    match wanted.form:
        case Form.JSON:
            document = {"version": VERSION, "rows": [request_record(row, names) for row in rows]}
            return json.dumps(document, indent=2) + "\n"
        case Form.CSV:
            return csv_text(CELLS, (request_cells(row, names) for row in rows))
        case Form.MARKDOWN:
            cells = [["" if cell is None else str(cell) for cell in request_cells(row, names)] for row in rows]
            return markdown_text(CELLS, cells, len(CELLS))
        case Form.TABLE if rows:
            labels = load_labels(folder.db)
            return drawn(lambda width: requests_table(rows, labels, now, width, selection.zone), wanted.output)
        case Form.TABLE:
            some = requests(folder.db, 1)
            return f"{NONE_SUCH if some else NO_REQUESTS}\n"
