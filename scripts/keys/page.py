"""One key in full: what is known of it goes in, a page for people or a JSON object comes out."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text
from sqlite_utils import Database

from codexlb_store.accounts import load_accounts
from codexlb_store.keys import Key
from codexlb_store.quantity import WEEK, age, moment
from codexlb_store.usage import Filters, Sums, usage
from scripts.keys.limits_table import limits_table
from scripts.keys.record import key_record
from scripts.keys.status import date, expiry, problem_now, replaced, status_style, status_text
from scripts.keys.view import KeyView
from scripts.report.labels import account_names
from scripts.report.record import sums_record
from scripts.report.usage_table import usage_table
from scripts.since import start_of_day


@dataclass(frozen=True, slots=True)
class KeyDossier:
    """What is known of a key: its view, what it used today and in the last seven days, its accounts' names by id."""

    view: KeyView
    today: Sums
    week: Sums
    account_names: Mapping[str, str]


def open_dossier(db: Database, view: KeyView, now: float, zone: datetime.tzinfo | None = None) -> KeyDossier:
    """Read everything there is to say of a key."""
    today, week = (used_since(db, view.key.id, since) for since in (start_of_day(now, zone), now - WEEK))
    return KeyDossier(view, today, week, account_names(load_accounts(db)))


def used_since(db: Database, key_id: str, since: float) -> Sums:
    """What one key used from then on."""
    return usage(db, filters=Filters(since, key_id=key_id))[0].sums


def dossier_record(dossier: KeyDossier, now: float) -> dict[str, Any]:
    """The key as a JSON object: what the list has, and what it used."""
    used = {"today": dossier.today, "last_7_days": dossier.week}
    return {
        **key_record(dossier.view, now),
        "usage": {span: sums_record(sums) for span, sums in used.items()},
    }


def page(dossier: KeyDossier, now: float, width: int, zone: datetime.tzinfo | None = None) -> Group:
    """The key, its rules, limits and use; `width` characters wide at most."""
    return Group(
        Text(dossier.view.key.name, "bold"),
        Padding(facts(dossier, now, zone), (1, 0), expand=False),
        Padding(limits_table(dossier.view.uses, now, width, zone), (0, 0, 1, 0), expand=False),
        usage_table("Used", [("Today", dossier.today), ("Last 7 days", dossier.week)], width),
    )


def facts(dossier: KeyDossier, now: float, zone: datetime.tzinfo | None) -> Table:
    """What is known of a key in words, a line each."""
    key = dossier.view.key
    found = Table.grid(Column(style="dim", no_wrap=True), Column(overflow="fold"), padding=(0, 2, 0, 0))
    found.add_row("Status", Text(status_text(key, now), status_style(problem_now(key, now))))
    found.add_row("Key", "\n".join(forms(key, now, zone)))
    found.add_row("Id", key.id)
    found.add_row("Created", date(key.created_at, now, zone))
    found.add_row("Expires", expiry(key, now, zone))
    used = key.last_used_at
    found.add_row("Last used", "never" if used is None else f"{age(now - used)} ago ({date(used, now, zone)})")
    found.add_row("Models", listed(key.models))
    found.add_row("Efforts", listed(key.efforts))
    names = dossier.account_names
    found.add_row("Accounts", listed(key.accounts and [names.get(one, one) for one in key.accounts]))
    found.add_row("Enforces", enforced(key))
    found.add_row("Time zone", key.time_zone)
    return found


def forms(key: Key, now: float, zone: datetime.tzinfo | None) -> list[str]:
    """The beginnings of all that is good for the key, the newest first."""
    old = [f"{secret.prefix}... until {moment(until, now, zone)}" for secret, until in replaced(key, now)]
    return [f"{key.secrets[-1].prefix}...", *reversed(old)]


def listed(names: list[str] | tuple[str, ...] | None) -> str:
    """What a key may use; without a rule that is everything."""
    return "all" if names is None else ", ".join(names)


def enforced(key: Key) -> str:
    """What every request of the key is made to ask for."""
    rules = {"model": key.enforced_model, "effort": key.enforced_effort, "tier": key.enforced_tier}
    return ", ".join(f"{name} {value}" for name, value in rules.items() if value) or "nothing"
