"""`codexlb status`: the accounts and what they have used, in one line for prompts and status bars."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import click

from scripts.accounts.record import account_record
from scripts.glance.line import pool_line
from scripts.glance.pool import UNAVAILABLE_CODE, Pool, PoolError, only, read_pool

VERSION = 1

USUAL_WIDTH = 80
"""Where nothing tells how much room there is, as in a prompt."""


@click.command()
@click.option("--account", metavar="NAME", help="This account only: its alias, e-mail or id.")
@click.option("--width", type=click.IntRange(1), help="Characters at most; else the terminal's, or 80.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, account: str | None, width: int | None, as_json: bool) -> None:
    """Show the accounts in one line, for prompts and status bars.

    Of each account what is used of its windows (47%? was read more than an hour ago), or why it does not serve. The
    exit code is 69 when that cannot be told; the line then says why.
    """
    now = time.time()
    try:
        pool = read_pool(os.environ, now)
        if account is not None:
            pool = only(pool, account)
    except PoolError as error:
        click.echo(json.dumps(_record(Pool((), 0), now, str(error))) if as_json else f"codexlb: {error}")
        context.exit(UNAVAILABLE_CODE)
    click.echo(json.dumps(_record(pool, now, None)) if as_json else pool_line(pool, now, width or _width()))


def _record(pool: Pool, now: float, problem: str | None) -> dict[str, Any]:
    accounts = [account_record(view, now) for view in pool.views]
    return {"version": VERSION, "accounts": accounts, "in_flight": pool.in_flight, "problem": problem}


def _width() -> int:
    # Not shutil's: it loads every archive format there is.
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH
