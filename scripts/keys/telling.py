"""What a command did to keys, told: a sentence for each to people, or the keys as they are now as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import click

from codexlb_store.keys import Key
from scripts.data_folder import DataFolder
from scripts.keys.record import key_record
from scripts.keys.view import key_views


def tell(folder: DataFolder, keys: Iterable[Key], sentence: Callable[[Key], str], as_json: bool, now: float) -> None:
    """Print a sentence for each of these keys, or instead what is stored of them now."""
    if not as_json:
        for key in keys:
            click.echo(sentence(key))
        return
    views = {view.key.id: view for view in key_views(folder, now)}
    click.echo(json.dumps([key_record(views[key.id], now) for key in keys], indent=2))
