"""`codexlb keys create`: a key for a client, with what it may do."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from codexlb_store.accounts import load_accounts
from codexlb_store.key_changes import KeyExistsError, create_key
from codexlb_store.key_names import check_name
from codexlb_store.keys import load_keys
from codexlb_store.limits import zone_of
from scripts.accounts import naming as account_naming
from scripts.data_folder import data_folder
from scripts.keys.naming import introduced
from scripts.keys.plain_text import hand_over
from scripts.keys.record import key_record
from scripts.keys.rule_texts import (
    parse_concurrency,
    parse_efforts,
    parse_enforcement,
    parse_expiry,
    parse_key_limit,
    parse_words,
)
from scripts.keys.rules import Rules, RulesError, draft
from scripts.keys.status import date
from scripts.keys.view import view_of
from scripts.keys.written import json_option, written

FIRST = " It is the first one: from now on clients need a key, those on this machine too."


def known_zone(text: str) -> str:
    """The name of a time zone that there is; raises TimeZoneError."""
    zone_of(text)
    return text


@click.command("create")
@click.argument("name", type=written(check_name))
@click.option("--expires", type=written(parse_expiry), metavar="LENGTH", help="No good after so long: 90d, 24h, 30min.")
@click.option("--models", type=written(parse_words), metavar="A,B", help="Only these models; gpt-5.5* is a pattern.")
@click.option("--efforts", type=written(parse_efforts), metavar="A,B", help="Only these reasoning efforts.")
@click.option("--accounts", type=written(parse_words), metavar="A,B", help="Served by these accounts only.")
@click.option(
    "--limit",
    "limits",
    type=written(parse_key_limit),
    multiple=True,
    metavar="LIMIT",
    help="Such as 5M-tokens/day, 20usd/week, 60req/min or 2M-output/month:gpt-5.5; may be repeated.",
)
@click.option("--concurrency", type=written(parse_concurrency), metavar="N", help="At most N requests at one time.")
@click.option(
    "--enforce",
    type=written(parse_enforcement),
    metavar="RULES",
    help="What every request is made to ask for: model=gpt-5.5,effort=low,tier=priority, or some of it.",
)
@click.option(
    "--tz",
    "time_zone",
    type=written(known_zone),
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Where its days, weeks and months begin: Europe/Berlin.",
)
@json_option
def command(name: str, accounts: tuple[str, ...] | None, as_json: bool, **rules: Any) -> None:
    """Make a key for a client.

    The key is printed this once; what is stored only recognises it. From the first key on no client is served
    without one.
    """
    now = time.time()
    with data_folder() as folder:
        served_by = accounts and account_naming.named(load_accounts(folder.db), accounts)
        ids = tuple(account.id for account in served_by) if served_by else None
        try:
            key, plain = create_key(folder.db, draft(name, Rules(**rules), ids, now))
        except RulesError as error:
            raise click.UsageError(str(error)) from error
        except KeyExistsError as error:
            raise click.ClickException(str(error)) from error
        view, is_first = view_of(folder, key.id, now), len(load_keys(folder.db)) == 1
    if as_json:
        click.echo(json.dumps({**key_record(view, now), "key": plain}, indent=2))
        return
    until = "" if key.expires_at is None else f", good until {date(key.expires_at, now)}"
    hand_over(plain, f"Made the key {introduced(key)}{until}.{FIRST if is_first else ''}")
