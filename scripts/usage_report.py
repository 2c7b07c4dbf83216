"""`codexlb report`: what was used and how the accounts are, from the ledger, for people or as JSON."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from codexlb_store.accounts import load_accounts
from codexlb_store.keys import load_keys
from codexlb_store.pricing import load_prices
from codexlb_store.processes import living
from codexlb_store.reports import Dimension, account_views, requests, usage
from scripts.accounts.table import NO_ACCOUNTS, accounts_table
from scripts.data_folder import DataFolder, data_folder
from scripts.quantity import DAY, moment
from scripts.request_table import request_record, requests_table
from scripts.since import parse_since, start_of_day
from scripts.terminal import GAP, terminal
from scripts.usage_table import account_names, labelled, outcomes_line, usage_record, usage_table

JSON_VERSION = 1
"""Goes up when a field changes its meaning or goes away; new fields may come without."""

NO_REQUESTS = "No requests yet: start `codexlb serve` and point Codex at it."

COST = "Cost is what the public API would have charged for the same tokens, by its prices of {:%Y-%m-%d}."

Periods = list[tuple[str, float]]
"""What a stretch of time is called, and the unix time it began; it lasts until now."""


def since_option(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """The unix time a person asked for with `--since`."""
    try:
        return None if text is None else parse_since(text, time.time(), zone=None)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def periods(since: float | None, now: float, zone: datetime.tzinfo | None = None) -> Periods:
    """The stretches the first page sums up: today and the last seven days, or from `since` on."""
    if since is not None:
        return [(f"Since {moment(since, now, zone)}", since)]
    return [("Today", start_of_day(now, zone)), ("Last 7 days", now - 7 * DAY)]


def first_page(
    folder: DataFolder, stretches: Periods, now: float, width: int, zone: datetime.tzinfo | None = None
) -> Group:
    """The accounts now, then usage and outcomes of each stretch of time; `width` in characters."""
    views = account_views(folder.db, now, living(folder.home))
    accounts = [_section("Accounts", accounts_table(views, now, width, zone))] if views else []
    if not usage(folder.db)[0].requests:
        return Group(*accounts, NO_REQUESTS if views else NO_ACCOUNTS)
    sums = [(name, usage(folder.db, since=start)[0]) for name, start in stretches]
    outcomes = Table.grid(padding=(0, GAP))
    for name, start in stretches:
        ends = outcomes_line(usage(folder.db, Dimension.OUTCOME, start))
        outcomes.add_row(name, ends or Text("none", "dim"))
    figures = Group(usage_table("", sums, width), Text(f"\n{COST.format(load_prices().as_of)}", "dim"))
    return Group(*accounts, _section("Usage", figures), _section("Outcomes", outcomes))


def _section(title: str, body: RenderableType) -> Group:
    return Group(Text(title, "bold"), Padding(body, (1, 0), expand=False))


def grouped(
    folder: DataFolder,
    by: Dimension,
    since: float | None,
    now: float,
    width: int,
) -> RenderableType:
    """Usage by one dimension with its total; `width` in characters."""
    rows = usage(folder.db, by, since, utc_offset_seconds=utc_offset_seconds(now))
    if not rows:
        return NO_REQUESTS if since is None else f"No requests since {moment(since, now, None)}."
    return usage_table(
        by.capitalize(), labelled(rows, by, names_of(folder, by)), width, usage(folder.db, since=since)[0]
    )


def names_of(folder: DataFolder, by: Dimension | None) -> dict[str, str]:
    """What people call the groups, by id; nothing for a dimension whose values speak for themselves."""
    match by:
        case Dimension.ACCOUNT:
            return account_names(load_accounts(folder.db))
        case Dimension.KEY:
            return {key.id: key.name for key in load_keys(folder.db)}
        case _:
            return {}


def utc_offset_seconds(now: float) -> int:
    """How far this machine's clock is ahead of UTC; its days begin by it."""
    return time.localtime(now).tm_gmtoff


def echo_json(rows: Iterable[dict[str, Any]]) -> None:
    """Print rows as the one JSON document all reports share."""
    click.echo(json.dumps({"version": JSON_VERSION, "rows": list(rows)}, indent=2))


@click.group(invoke_without_command=True)
@click.option("--by", type=click.Choice([str(by) for by in Dimension]), help="Group the usage by this.")
@click.option(
    "--since", callback=since_option, metavar="TIME", help="From then on: 24h, 7d, 2026-01-31 or an ISO time."
)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON instead of a table.")
@click.pass_context
def command(context: click.Context, by: str | None, since: float | None, as_json: bool) -> None:
    """Show what was used, and the limits now.

    Without --by: the accounts, then requests, tokens and cost of today and the last 7 days, or since --since.
    """
    if context.invoked_subcommand is not None:
        return
    now, dimension = time.time(), Dimension(by) if by else None
    with data_folder() as folder:
        if as_json:
            names = {account.id: account.name for account in load_accounts(folder.db)}
            names |= {key.id: key.name for key in load_keys(folder.db)}
            rows = usage(folder.db, dimension, since, utc_offset_seconds=utc_offset_seconds(now))
            echo_json(usage_record(row, dimension, names) for row in rows)
            return
        console = terminal()
        if dimension:
            console.print(grouped(folder, dimension, since, now, console.width))
        else:
            console.print(first_page(folder, periods(since, now), now, console.width))


@command.command("requests")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Show at most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print the requests as JSON instead of a table.")
def list_requests(limit: int, as_json: bool) -> None:
    """Show single requests, newest first.

    Each with the accounts that were tried for it.
    """
    with data_folder() as folder:
        rows, accounts = requests(folder.db, limit), load_accounts(folder.db)
    if as_json:
        names = {account.id: account.name for account in accounts}
        echo_json(request_record(row, names) for row in rows)
    elif rows:
        console = terminal()
        console.print(requests_table(rows, account_names(accounts), time.time(), console.width))
    else:
        click.echo(NO_REQUESTS)
