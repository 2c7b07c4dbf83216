"""Which requests a page is about: its parameters and the store's names go in, Filters come out, or a ValueError."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from sqlite_utils import Database

from addons.wire.page_parameters import parse_time, parse_until, parse_zone
from codexlb_store.accounts import load_accounts
from codexlb_store.key_names import KeyNameError, find_key
from codexlb_store.keys import load_keys
from codexlb_store.names import AccountNameError, find_account
from codexlb_store.projects import load_projects
from codexlb_store.usage import Filters

FILTERS = ("since", "until", "tz", "account", "key", "model", "project", "session")
"""The parameters of every page that is about requests: those of `codexlb report`."""

AN_ID = re.compile(r"[0-9a-f]{12}")
"""What was removed is in the ledger by its id alone."""


def filters_of(
    db: Database, parameters: Mapping[str, str], now: float, zone: datetime.tzinfo | None = datetime.UTC
) -> tuple[Filters, datetime.tzinfo | None]:
    """What is asked for, and the zone of its days: what `tz` names, else `zone` (None: this machine's).

    Raises ValueError.
    """
    zone = parse_zone(parameters["tz"]) if "tz" in parameters else zone
    since, until = parameters.get("since"), parameters.get("until")
    account, key, project = (parameters.get(name) for name in ("account", "key", "project"))
    found = Filters(
        since=None if since is None else parse_time("since", since, now, zone),
        until=None if until is None else parse_until(until, now, zone),
        account_id=None if account is None else account_id_of(db, account),
        key_id=None if key is None else key_id_of(db, key),
        model=parameters.get("model"),
        project=None if project is None else project_of(db, project),
        session=parameters.get("session"),
    )
    if found.since is not None and found.until is not None and found.since >= found.until:
        raise ValueError(f"since {since} is not before until {until}.")
    return found, zone


def account_id_of(db: Database, name: str) -> str:
    """The id of the account of this alias, e-mail or id."""
    try:
        return find_account(load_accounts(db), name).id
    except AccountNameError:
        if AN_ID.fullmatch(name):
            return name
        raise


def key_id_of(db: Database, name: str) -> str:
    """The id of the client key of this name or id."""
    try:
        return find_key(load_keys(db), name).id
    except KeyNameError:
        if AN_ID.fullmatch(name):
            return name
        raise


def project_of(db: Database, name: str) -> str:
    """The id of the project of this name or id."""
    named = next((project for project, known in load_projects(db).items() if known.casefold() == name.casefold()), None)
    if named is None and not AN_ID.fullmatch(name):
        raise ValueError(f"There is no project {name!r}: give its name or its id.")
    return named or name
