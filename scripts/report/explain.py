"""`codexlb report explain`: why a request went where it did, and what became of it."""

from __future__ import annotations

import json
import time

import click

from codexlb_store.exchanges import request
from scripts.data_folder import data_folder
from scripts.report.delivery import deliver, drawn
from scripts.report.explained import explained, explained_page, explained_record
from scripts.report.labels import load_labels, load_names
from scripts.report.selection import Asked, select, zone_option

NONE_OR_MANY = (
    "There is not exactly one request whose id begins with {!r}: take one of `codexlb report requests`, "
    "or more characters of it."
)


@click.command("explain")
@click.argument("id_prefix", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@zone_option
def command(id_prefix: str, as_json: bool, tz: str | None) -> None:
    """Show why a request went where it did.

    Every account that was considered with its weight, or why it was out of the question; each attempt; and what was
    expected of the prompt cache. ID is a request's id or how it begins.
    """
    with data_folder() as folder:
        zone = select(folder.db, Asked(tz=tz), time.time()).zone
        row = request(folder.db, id_prefix.strip().lower())
        if row is None:
            raise click.BadParameter(NONE_OR_MANY.format(id_prefix), param_hint="ID")
        found = explained(folder.db, row)
        if as_json:
            deliver(json.dumps(explained_record(found, load_names(folder.db)), indent=2) + "\n", None)
            return
        labels = load_labels(folder.db)
    deliver(drawn(lambda _width: explained_page(found, labels, zone)), None)
