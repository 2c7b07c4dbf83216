"""The first page of a report as values: the store goes in; the accounts now and what was used when come out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlite_utils import Database

from codexlb_store.account_views import AccountView, account_views
from codexlb_store.anomalies import Anomalies, anomalies
from codexlb_store.latencies import Latency, latencies
from codexlb_store.processes import living
from codexlb_store.quantity import DAY
from codexlb_store.sums import span_with_requests
from codexlb_store.usage import Dimension, Filters, Sums, UsageRow, usage
from scripts.data_folder import DataFolder
from scripts.report.breakdown import added
from scripts.report.selection import Selection
from scripts.report.span import span_words
from scripts.report.windows_now import Standing, standing
from scripts.since import start_of_day


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time the page sums up: what people and programs call it, and which requests are of it."""

    label: str
    name: str
    filters: Filters


@dataclass(frozen=True, slots=True)
class Used:
    """What was used in one of them, and how its requests ended."""

    period: Period
    sums: Sums
    latency: Latency | None
    outcomes: Sequence[UsageRow]


@dataclass(frozen=True, slots=True)
class Overview:
    """All of the first page. `odd_period` is the one of which the anomalies are; `is_empty`: nothing was ever asked."""

    views: Sequence[AccountView]
    windows: Standing
    used: Sequence[Used]
    anomalies: Anomalies
    odd_period: Period
    is_empty: bool


def periods(db: Database, selection: Selection, now: float) -> list[Period]:
    """Today, the last seven days and all there is; or the time that was asked for, alone."""
    filters, zone = selection.filters, selection.zone
    if not selection.span.is_whole:
        return [Period(span_words(selection.span, now, zone), "selected", filters)]
    first = span_with_requests(db, filters)[0]
    since = datetime.datetime.fromtimestamp(max(0.0, first), zone)
    return [
        Period("Today", "today", replace(filters, since=start_of_day(now, zone))),
        Period("Last 7 days", "last_7_days", replace(filters, since=now - 7 * DAY)),
        Period(f"Since {since:%Y-%m-%d}", "total", filters),
    ]


def overview(
    folder: DataFolder, stretches: Sequence[Period], selection: Selection, now: float, with_latency: bool
) -> Overview:
    """Everything the first page shows of these stretches of time, of the account that was asked for or of all."""
    wanted = selection.filters.account_id
    views = [view for view in account_views(folder.db, now, living(folder.home)) if wanted in (None, view.account.id)]
    odd_period = stretches[min(1, len(stretches) - 1)]
    return Overview(
        views=views,
        windows=standing(folder.db, views, now),
        used=[_used(folder.db, period, with_latency) for period in stretches],
        anomalies=anomalies(folder.db, odd_period.filters),
        odd_period=odd_period,
        is_empty=is_empty(folder.db),
    )


def _used(db: Database, period: Period, with_latency: bool) -> Used:
    outcomes = usage(db, (Dimension.OUTCOME,), period.filters)
    latency = latencies(db, (), period.filters).get(()) if with_latency else None
    return Used(period, added(row.sums for row in outcomes), latency, outcomes)


def is_empty(db: Database) -> bool:
    """Whether there has never been a request."""
    since, until = span_with_requests(db, Filters())
    return since >= until
