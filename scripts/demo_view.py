"""What the demo shows while it runs: the pool and the traffic as they are now, as one page or as one line."""

from __future__ import annotations

from collections import Counter

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from codexlb_store.accounts import load_accounts
from codexlb_store.processes import living
from codexlb_store.reports import Dimension, account_views, usage
from codexlb_store.sessions import load_homes
from scripts.accounts.table import accounts_table
from scripts.data_folder import DataFolder
from scripts.demo_traffic import Traffic
from scripts.quantity import count, percent
from scripts.usage_table import account_names, labelled, usage_table


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
    rows = sorted(labelled(usage(folder.db, Dimension.ACCOUNT), Dimension.ACCOUNT, names))
    return usage_table("Account", rows, width, usage(folder.db)[0])


def line(folder: DataFolder, traffic: Traffic) -> str:
    """The traffic in one line, for where nothing can be drawn over."""
    total = usage(folder.db)[0]
    cached = f"{percent(total.cached_percent)} of them cached"
    return f"{headline(traffic)} · {count(total.input_tokens)} tokens in, {cached}, {count(total.output_tokens)} out"
