"""What a report is about: options as people write them go in, filters for the store come out, or one sentence."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import click
from sqlite_utils import Database

from codexlb_store.usage import Filters
from scripts.report.naming import find_account_id, find_key_id, find_model, find_project_id, find_session
from scripts.report.span import Span, parse_until, parse_zone
from scripts.since import parse_since

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that choose what a report is about, as they were written."""

    since: str | None = None
    until: str | None = None
    tz: str | None = None
    account: str | None = None
    key: str | None = None
    model: str | None = None
    project: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a report is about, and the zone of its days and clock times (None: this machine's)."""

    filters: Filters = field(default_factory=Filters)
    zone: datetime.tzinfo | None = None

    @property
    def span(self) -> Span:
        return Span(self.filters.since, self.filters.until)


zone_option = click.option(
    "--tz", metavar="ZONE", help="Days and times of this zone, such as Europe/Berlin; else this machine's."
)

_TIME = "24h, 7d, 2026-01-31 or an ISO time"

_OPTIONS = (
    click.option("--since", metavar="TIME", help=f"From then on: {_TIME}."),
    click.option("--until", metavar="TIME", help="Up to then; a date means all of that day."),
    click.option("--account", metavar="NAME", help="This account only: its alias, e-mail or id."),
    click.option("--key", metavar="NAME", help="This client key only: its name or id."),
    click.option("--model", metavar="MODEL", help="These models only, such as gpt-5.5 or 'gpt-5*'."),
    click.option("--project", metavar="NAME", help="This project only: its name or id."),
    click.option("--session", metavar="ID", help="This session only: its id, or how it begins."),
    zone_option,
)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose what it is about; it takes them together as `asked`."""
    names = [each.name for each in fields(Asked)]

    @functools.wraps(command)
    def taking(*arguments: Any, **options: Any) -> Any:
        asked = Asked(**{name: options.pop(name) for name in names})
        return command(*arguments, asked=asked, **options)

    return functools.reduce(lambda found, option: option(found), reversed(_OPTIONS), taking)


def select(db: Database, asked: Asked, now: float) -> Selection:
    """What was meant; click's error with one sentence for what cannot be."""
    zone = _meant("--tz", asked.tz, parse_zone)
    since = _meant("--since", asked.since, lambda text: parse_since(text, now, zone))
    until = _meant("--until", asked.until, lambda text: parse_until(text, now, zone))
    if since is not None and until is not None and since >= until:
        raise click.UsageError(f"--since {asked.since} is not before --until {asked.until}.")
    filters = Filters(
        since=since,
        until=until,
        account_id=_meant("--account", asked.account, functools.partial(find_account_id, db)),
        key_id=_meant("--key", asked.key, functools.partial(find_key_id, db)),
        model=_meant("--model", asked.model, functools.partial(find_model, db)),
        project=_meant("--project", asked.project, functools.partial(find_project_id, db)),
        session=_meant("--session", asked.session, functools.partial(find_session, db)),
    )
    return Selection(filters, zone)


def _meant(option: str, text: str | None, meaning: Callable[[str], T]) -> T | None:
    try:
        return None if text is None else meaning(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error
