"""`codexlb accounts weight`: how much of the work an account gets."""

from __future__ import annotations

import math

import click

from codexlb_store.accounts import load_accounts, set_weight
from scripts.accounts.naming import introduced, named
from scripts.data_folder import data_folder

LARGEST_WEIGHT = 100.0
"""Beyond it the others would hardly ever be chosen, which is what `pause` is for."""


def read_weight(_context: click.Context, _argument: click.Parameter, weight: float) -> float:
    """The weight; a usage error for what is none."""
    if not math.isfinite(weight) or not 0 < weight <= LARGEST_WEIGHT:
        raise click.BadParameter(
            f"{weight:g} is no weight: give a number above 0 and up to {LARGEST_WEIGHT:g}; 1 is normal."
        )
    return weight


@click.command("weight")
@click.argument("name")
@click.argument("weight", type=float, callback=read_weight)
def command(name: str, weight: float) -> None:
    """Give an account more or less of the work.

    1 is normal; an account of weight 2 is as likely to get a new session as one with twice as much left. It counts
    for the strategies capacity_weighted (the default) and relative_availability, which go by what is left.
    """
    with data_folder() as folder:
        [account] = named(load_accounts(folder.db), [name])
        set_weight(folder.db, account.id, weight)
    click.echo(f"The weight of {introduced(account)} is {weight:g} now.")
