"""What the demo shows while it runs: the pool and the traffic as they are now, as one page or as one line."""

from __future__ import annotations

from collections import Counter

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from codexlb_store.account_views import account_views
from codexlb_store.accounts import load_accounts
from codexlb_store.pricing import load_prices
from codexlb_store.processes import living
from codexlb_store.quantity import count, percent
from codexlb_store.sessions import load_homes
from codexlb_store.usage import Dimension, Filters, usage
from scripts.accounts.table import accounts_table
from scripts.data_folder import DataFolder
from scripts.demo_traffic import Traffic
from scripts.report.breakdown import Order
from scripts.report.grouped import grouped, grouped_page
from scripts.report.labels import NONE_OF, account_names
from scripts.report.overview import Period, overview
from scripts.report.overview_page import cost_note, overview_page
from scripts.report.selection import Selection
from scripts.report.usage_table import usage_table


def page(folder: DataFolder, traffic: Traffic, now: float, width: int) -> Group:
    """The pool and the traffic, `width` characters wide at most."""
    accounts = accounts_table(account_views(folder.db, now, living(folder.home)), now, width)
    return Group(Text(headline(traffic), "bold"), Padding(accounts, (1, 0)), _served(folder, width))


def headline(traffic: Traffic) -> str:
    """How far the traffic has come."""
    tally = traffic.tally
    return f"{tally.sessions} sessions · {tally.turns} turns · {traffic.seconds_left:.0f} s left"


def _served(folder: DataFolder, width: int) -> Table:
    """What each account has served, and how many sessions have it as their home."""
    homes = Counter(home.account_id for home in load_homes(folder.db, 0).values())
    names = {
        account: f"{name} · {homes[account]} session{'' if homes[account] == 1 else 's'}"
        for account, name in account_names(load_accounts(folder.db)).items()
    }
    found = usage(folder.db, (Dimension.ACCOUNT,))
    labels = [
        NONE_OF[Dimension.ACCOUNT] if row.groups[0] is None else names.get(row.groups[0], row.groups[0])
        for row in found
    ]
    rows = sorted(zip(labels, (row.sums for row in found), strict=True), key=lambda row: row[0])
    return usage_table("Account", rows, width, usage(folder.db)[0].sums)


def line(folder: DataFolder, traffic: Traffic) -> str:
    """The traffic in one line, for where nothing can be drawn over."""
    total = usage(folder.db)[0].sums
    cached = f"{percent(total.cached_percent)} of them cached"
    return f"{headline(traffic)} · {count(total.input_tokens)} tokens in, {cached}, {count(total.output_tokens)} out"


def report(folder: DataFolder, began: float, now: float, width: int) -> Group:
    """What a person sees of the demo with `codexlb report`, `width` characters wide at most."""
    selection = Selection(Filters(since=began))
    found = overview(folder, [Period("This demo", "demo", selection.filters)], selection, now, with_latency=False)
    by_account = grouped(folder, (Dimension.ACCOUNT,), selection, Order(), with_latency=False)
    note = cost_note(load_prices(folder.home))
    return Group(overview_page(found, note, now, width, selection.zone), grouped_page(by_account, width))
