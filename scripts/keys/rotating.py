"""`codexlb keys rotate`: a new key in place of the old one, under the same name."""

from __future__ import annotations

import json
import time

import click

from codexlb_store.key_changes import rotate_key
from codexlb_store.keyring import KeyProblem
from codexlb_store.keys import Key, load_keys
from scripts.data_folder import data_folder
from scripts.keys.naming import introduced, named, not_revoked
from scripts.keys.plain_text import hand_over
from scripts.keys.record import key_record
from scripts.keys.rule_texts import parse_overlap
from scripts.keys.status import date, problem_now
from scripts.keys.view import view_of
from scripts.keys.written import json_option, written


def to_rotate(key: Key, now: float) -> Key:
    """The key, if a new form of it would be good; else one sentence ends the command."""
    not_revoked([key])
    if problem_now(key, now) is KeyProblem.EXPIRED:
        raise click.ClickException(f"{introduced(key)} has expired: make a new key with `codexlb keys create NAME`.")
    return key


def end_of_old(key: Key, now: float) -> str:
    """Until when what the key was before is good, in words."""
    ends = [secret.valid_until for secret in key.secrets if secret.valid_until is not None]
    end = min(max(ends), key.expires_at or max(ends))
    return f"the old one works until {date(end, now)}" if end > now else "the old one works no more"


@click.command("rotate")
@click.argument("name")
@click.option(
    "--overlap",
    type=written(parse_overlap),
    default="24h",
    show_default=True,
    metavar="LENGTH",
    help="How long the old key works beside the new one: 24h, 30min, 0h.",
)
@json_option
def command(name: str, overlap: int, as_json: bool) -> None:
    """Make a new key in place of the old one.

    Name, rules, limits and what is used of them stay. The new key is printed this once.
    """
    now = time.time()
    with data_folder() as folder:
        [key] = named(load_keys(folder.db), [name])
        plain = rotate_key(folder.db, to_rotate(key, now).id, overlap, now)
        view = view_of(folder, key.id, now)
    if as_json:
        click.echo(json.dumps({**key_record(view, now), "key": plain}, indent=2))
        return
    hand_over(plain, f"Made a new key for {introduced(key)}; {end_of_old(view.key, now)}.")
    if key.disabled_at is not None:
        click.echo(f"Warning: {introduced(key)} is disabled: run `codexlb keys enable {key.id}`.", err=True)
