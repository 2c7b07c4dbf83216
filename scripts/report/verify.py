"""`codexlb report verify`: the proof that the ledger adds up."""

from __future__ import annotations

import json
import sys
import time

import click

from codexlb_store.processes import living
from codexlb_store.verify import verify
from scripts.data_folder import data_folder
from scripts.report.delivery import deliver, drawn
from scripts.report.labels import load_labels
from scripts.report.proof import proof_page, proof_record
from scripts.report.selection import Asked, select, zone_option

MISMATCH = 1
"""The exit code when something does not add up."""


@click.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@zone_option
def command(as_json: bool, tz: str | None) -> None:
    """Prove that the ledger adds up.

    Attempts, requests and the sums that reports read are added up apart and compared for each day; what the ledger
    does not know is listed. Exit code 1 when something does not add up.
    """
    with data_folder() as folder:
        found = verify(folder.db, living(folder.home), select(folder.db, Asked(tz=tz), time.time()).zone)
        labels = load_labels(folder.db)
    if as_json:
        deliver(json.dumps(proof_record(found), indent=2) + "\n", None)
    else:
        deliver(drawn(lambda _width: proof_page(found, labels)), None)
    if not found.holds:
        sys.exit(MISMATCH)
