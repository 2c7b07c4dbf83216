"""Everything the watch shows, as values: the store goes in, one look at it comes out."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codexlb_store.account_views import AccountView, account_views, in_flight
from codexlb_store.failovers import Failover, failovers
from codexlb_store.heat import Burn, burn
from codexlb_store.processes import living
from codexlb_store.quantity import DAY, HOUR, MINUTE
from codexlb_store.usage import Filters, Sums, usage
from scripts.data_folder import DataFolder
from scripts.report.labels import Labels, load_labels
from scripts.report.windows_now import Standing, standing
from scripts.since import start_of_day
from scripts.watch.buckets import MOST_STEPS, Buckets
from scripts.watch.session_rows import BY, SessionRow, session_rows

BURN_SECONDS = 15 * MINUTE
"""How fast an account is used is told by the last quarter of an hour."""

HOT_SECONDS = HOUR
"""Sessions are those of the last hour."""

FAILOVER_SECONDS, MOST_FAILOVERS = DAY, 50


@dataclass(frozen=True, slots=True)
class Look:
    """The pool as it was at `at` (unix seconds); `steps` are the sums of five minutes each, the last still runs."""

    at: float
    processes: int
    in_flight: int
    views: Sequence[AccountView]
    windows: Standing
    burns: Mapping[str | None, Burn]
    sessions: Sequence[SessionRow]
    failovers: Sequence[Failover]
    today: Sums
    steps: Sequence[Sums]
    labels: Labels


def look(folder: DataFolder, buckets: Buckets, now: float, zone: datetime.tzinfo | None) -> Look:
    """The pool at `now`; the day is that of `zone` (None: this machine's)."""
    db = folder.db
    alive, labels = living(folder.home), load_labels(db)
    views = account_views(db, now, alive)
    buckets.read(db, now)
    return Look(
        at=now,
        processes=len(alive),
        in_flight=sum(in_flight(db, alive).values()),
        views=views,
        windows=standing(db, views, now),
        burns={one.account_id: one for one in burn(db, now - BURN_SECONDS, now)},
        sessions=session_rows(usage(db, BY, Filters(since=now - HOT_SECONDS)), labels),
        failovers=failovers(db, (view.account.id for view in views), now - FAILOVER_SECONDS, MOST_FAILOVERS),
        today=usage(db, (), Filters(since=start_of_day(now, zone)))[0].sums,
        steps=buckets.last(MOST_STEPS, now),
        labels=labels,
    )
