"""A key with what is used of its limits now: an open data folder goes in, views come out."""

from __future__ import annotations

from dataclasses import dataclass

import click

from codexlb_store.keys import Key, load_keys
from codexlb_store.limit_uses import LimitUse, limit_uses
from codexlb_store.limits import TimeZoneError
from codexlb_store.processes import living
from scripts.data_folder import DataFolder


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key, and the use of each of its limits."""

    key: Key
    uses: tuple[LimitUse, ...]


def key_views(folder: DataFolder, now: float) -> list[KeyView]:
    """Every key as it is now, in the order they were made."""
    alive = living(folder.home)
    try:
        return [KeyView(key, tuple(limit_uses(folder.db, key, alive, now))) for key in load_keys(folder.db)]
    except TimeZoneError as error:  # it was known where the key was made: this machine lacks time zone data
        raise click.ClickException(str(error)) from error


def view_of(folder: DataFolder, key_id: str, now: float) -> KeyView:
    """One key as it is now."""
    return next(view for view in key_views(folder, now) if view.key.id == key_id)
