"""`codexlb guard`: tells a script by an exit code whether the accounts have enough left."""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from codexlb_store.account_views import AccountView
from scripts.glance.line import short_names
from scripts.glance.pool import UNAVAILABLE_CODE, PoolError, only, read_pool
from scripts.glance.verdict import Answer, Asked, Verdict, judge, parse_window, serving
from scripts.glance.verdict_words import verdict_line, verdict_record
from scripts.lengths import parse_length

USAGE_CODE = 64
"""Exit code of a wrong command line (EX_USAGE of sysexits.h): 2 or 1 would be read as a verdict."""

EXIT_CODES = {Answer.ENOUGH: 0, Answer.BELOW: 1, Answer.UNAVAILABLE: UNAVAILABLE_CODE}


class GuardUsageError(click.UsageError):
    """The command line is wrong."""

    exit_code = USAGE_CODE


class GuardCommand(click.Command):
    """A command whose wrong use has an exit code of its own."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _usage_code():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _usage_code():
            return super().invoke(ctx)


@contextmanager
def _usage_code() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        raise GuardUsageError(error.format_message(), error.ctx) from error


def _window(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    """Minutes of what was written."""
    try:
        return None if text is None else parse_window(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


def _length(context: click.Context, parameter: click.Parameter, text: str) -> int:
    """Seconds of what was written."""
    seconds = parse_length(text)
    if seconds is None:
        raise click.BadParameter(f"{text!r} is no length of time: write 90min, 2h or 7d.", context, parameter)
    return seconds


@dataclass(frozen=True, slots=True)
class Told:
    """The answer, and how it is told to people and to programs."""

    answer: Answer
    line: str
    record: dict[str, Any]


def tell(asked: Asked, account: str | None, now: float) -> Told:
    """Whether enough is left at `now`: of one account whatever its state, or of those that new work may go to."""
    try:
        pool = read_pool(os.environ, now)
    except PoolError as error:
        found = Verdict(Answer.UNAVAILABLE, None, ())
        return Told(found.answer, f"unavailable: {error}", verdict_record(found, asked, str(error), now))
    views: Sequence[AccountView] = serving(pool.views) if account is None else only(pool, account).views
    found = judge(views, asked, now)
    names = short_names([view.account for view in pool.views])
    return Told(found.answer, verdict_line(found, asked, names, now), verdict_record(found, asked, None, now))


_ASKED = (
    click.option(
        "--min-remaining",
        type=click.FloatRange(0, 100),
        default=10,
        show_default=True,
        metavar="PERCENT",
        help="So much must be left.",
    ),
    click.option("--window", callback=_window, help="5h, weekly, monthly, 7d or minutes; else each account's fullest."),
    click.option(
        "--any/--all",
        "of_any",
        default=True,
        show_default=True,
        help="One account with enough will do, or every one must have it.",
    ),
    click.option(
        "--max-age", callback=_length, default="1h", show_default=True, help="Readings older than this say nothing."
    ),
)


def asked_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what must be left; it takes them together as `asked`."""

    @functools.wraps(command)
    def taking(
        *arguments: Any, min_remaining: float, window: int | None, of_any: bool, max_age: int, **others: Any
    ) -> Any:
        return command(*arguments, asked=Asked(min_remaining, window, not of_any, max_age), **others)

    return functools.reduce(lambda found, option: option(found), reversed(_ASKED), taking)


@click.command(cls=GuardCommand)
@asked_options
@click.option("--account", metavar="NAME", help="This account only, whatever its state: its alias, e-mail or id.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", is_flag=True, help="Print nothing.")
@click.pass_context
def command(context: click.Context, asked: Asked, account: str | None, as_json: bool, quiet: bool) -> None:
    """Tell a script by the exit code whether enough is left.

    0: enough. 1: below. 64: the command line is wrong. 69: cannot be told, as nothing was read lately. One account
    with enough will do, for requests go where there is room; paused, draining and logged-out accounts do not count.
    """
    told = tell(asked, account, time.time())
    if not quiet:
        click.echo(json.dumps(told.record) if as_json else told.line)
    context.exit(EXIT_CODES[told.answer])
