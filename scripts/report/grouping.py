"""By what a report groups and in which order: options come from a command line, dimensions and an order come out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from codexlb_store.usage import Dimension
from scripts.report.breakdown import Order, Sort
from scripts.report.labels import TIMES

MOST = 2
"""Dimensions within each other; more would be a table that nobody reads."""

ROWS_SHOWN = {1: (100,), 2: (31, 10)}
"""So many rows a table has where nobody says, by the number of dimensions; nested ones in each group."""


@dataclass(frozen=True, slots=True)
class AskedRows:
    """The options that say which rows a report has, as they were written."""

    by: str | None = None
    sort: str | None = None
    reverse: bool = False
    limit: int | None = None


_OPTIONS = (
    click.option("--by", metavar="WHAT", help=f"Group by {', '.join(Dimension)}; or by two of them, as in day,model."),
    click.option(
        "--sort",
        type=click.Choice([str(one) for one in Sort]),
        metavar="WHAT",
        help=f"Order by {', '.join(Sort)}; figures from the highest down.",
    ),
    click.option("--reverse", is_flag=True, help="Turn the order round."),
    click.option(
        "--limit", type=click.IntRange(1), metavar="N", help="Show at most so many rows, nested ones in each group."
    ),
)


def rows_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options for its rows; it takes them together as `rows`."""

    @functools.wraps(command)
    def taking(
        *arguments: Any, by: str | None, sort: str | None, reverse: bool, limit: int | None, **others: Any
    ) -> Any:
        return command(*arguments, rows=AskedRows(by, sort, reverse, limit), **others)

    return functools.reduce(lambda found, option: option(found), reversed(_OPTIONS), taking)


def parse_by(text: str) -> tuple[Dimension, ...]:
    """The dimensions of `day` or `day,model`, the outer one first; ValueError says what can be written."""
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if name not in tuple(Dimension):
            raise ValueError(f"{name!r} is not one of {', '.join(Dimension)}.")
    if len(names) > MOST:
        raise ValueError(f"{text!r} are {len(names)} things: give one, or two with a comma between them.")
    if len(set(names)) < len(names):
        raise ValueError(f"{text!r} is the same thing twice: give two different ones.")
    return tuple(map(Dimension, names))


def grouping(rows: AskedRows, is_for_people: bool) -> tuple[tuple[Dimension, ...], Order]:
    """What was meant; click's error with one sentence for what cannot be. For people there are not too many rows."""
    if rows.by is None:
        for option, is_given in (("--sort", rows.sort), ("--reverse", rows.reverse), ("--limit", rows.limit)):
            if is_given:
                raise click.UsageError(f"{option} is for the rows of a table: say which, as in --by model.")
        return (), Order()
    try:
        by = parse_by(rows.by)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--by") from error
    if rows.sort == Sort.TIME and not TIMES.intersection(by):
        raise click.UsageError("--sort time needs rows that are times, as in --by day.")
    return by, Order(Sort(rows.sort) if rows.sort else None, rows.reverse, _limits(rows.limit, by, is_for_people))


def _limits(limit: int | None, by: Sequence[Dimension], is_for_people: bool) -> tuple[int | None, ...]:
    if limit is None and is_for_people:
        return ROWS_SHOWN[len(by)]
    return (limit,) * len(by)
