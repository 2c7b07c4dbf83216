"""`codexlb keys limit`: a key's limits, shown or changed while clients use it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import click

from codexlb_store.key_changes import set_limits
from codexlb_store.keys import Key, load_keys
from codexlb_store.limit_texts import limit_text
from codexlb_store.limits import Limit
from scripts.data_folder import DataFolder, data_folder
from scripts.keys.limits_table import limits_table
from scripts.keys.naming import introduced, named, not_revoked
from scripts.keys.record import key_record
from scripts.keys.rule_texts import parse_concurrency, parse_key_limit
from scripts.keys.rules import RulesError, one_of_each, sort_of
from scripts.keys.view import view_of
from scripts.keys.written import json_option, written
from scripts.terminal import terminal


def changed(key: Key, wanted: Sequence[Limit], removed: Sequence[Limit], clear: bool) -> list[Limit]:
    """The limits that the key shall have: a wanted one takes the place of one of its sort; raises RulesError."""
    had = {limit_text(limit): limit for limit in key.limits}
    for text in map(limit_text, removed):
        if text not in had:
            raise RulesError(f"{introduced(key)} has no limit {text}: it has {' and '.join(had) or 'none'}.")
    left = [] if clear else [limit for text, limit in had.items() if text not in map(limit_text, removed)]
    return list({sort_of(limit): limit for limit in (*left, *one_of_each(wanted))}.values())


def change(folder: DataFolder, name: str, asked: tuple[Sequence[Limit], Sequence[Limit], bool], now: float) -> Key:
    """Store the limits asked for (wanted, removed, whether to clear first) of the key of this name."""
    with folder.changing():
        [key] = not_revoked(named(load_keys(folder.db), [name]))
        try:
            set_limits(folder.db, key.id, changed(key, *asked), now)
        except RulesError as error:
            raise click.ClickException(str(error)) from error
    return key


@click.command("limit")
@click.argument("name")
@click.argument("limits", nargs=-1, type=written(parse_key_limit), metavar="[LIMIT]...")
@click.option(
    "--remove", "removed", type=written(parse_key_limit), multiple=True, metavar="LIMIT", help="Take this one away."
)
@click.option("--clear", is_flag=True, help="Take all away that there were.")
@click.option("--concurrency", type=written(parse_concurrency), metavar="N", help="At most N requests at one time.")
@json_option
def command(
    name: str,
    limits: tuple[Limit, ...],
    removed: tuple[Limit, ...],
    clear: bool,
    concurrency: Limit | None,
    as_json: bool,
) -> None:
    """Show a key's limits, or change them while it is used.

    A LIMIT takes the place of the one with the same kind, span and model, and what is used of that counts on; others
    stay. Every limit of a key must allow a request.
    """
    now = time.time()
    wanted = [*limits, *([concurrency] if concurrency else [])]
    if clear and removed:
        raise click.UsageError("--clear takes every limit away: leave --remove out.")
    is_change = bool(wanted or removed or clear)
    with data_folder() as folder:
        if is_change:
            key = change(folder, name, (wanted, removed, clear), now)
        else:
            [key] = named(load_keys(folder.db), [name])
        view = view_of(folder, key.id, now)
    if as_json:
        click.echo(json.dumps(key_record(view, now), indent=2))
    elif is_change:
        listed = ", ".join(limit_text(use.limit) for use in view.uses)
        click.echo(
            f"The limits of {introduced(key)} are {listed} now." if listed else f"{introduced(key)} has no limits now."
        )
    else:
        console = terminal()
        console.print(limits_table(view.uses, now, console.width))
