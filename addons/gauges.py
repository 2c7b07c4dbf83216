"""How the proxy stands at one moment, as Prometheus reads it: a Moment goes in, metric families come out.

A Moment is taken in the event loop, where everything in it may change; it is put into words in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from codexlb_store.accounts import Account, AccountStatus
from codexlb_store.pool import Pool, Standing
from codexlb_store.windows import Window, used_now
from codexlb_store.writer import Writer


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known at `now` (unix seconds); copies, for another thread to read."""

    now: float
    is_ready: bool
    waiting: int
    accounts: tuple[Account, ...]
    standings: tuple[Standing, ...]
    windows: tuple[Window, ...]
    in_flight: dict[str, int]
    backlog: int
    is_writable: bool
    left_out: int


def moment_of(pool: Pool, writer: Writer, waiting: int, is_ready: bool, now: float) -> Moment:
    """Take down how everything stands."""
    return Moment(
        now=now,
        is_ready=is_ready,
        waiting=waiting,
        accounts=tuple(pool.accounts.values()),
        standings=tuple(pool.standings(now)),
        windows=tuple(window for account_id in pool.accounts for window in pool.windows.get(account_id, ())),
        in_flight={account_id: pool.in_flight[account_id] for account_id in pool.accounts},
        backlog=writer.backlog,
        is_writable=writer.healthy,
        left_out=writer.failures,
    )


def families(moment: Moment) -> Iterator[Metric]:
    """Every gauge of a moment."""
    yield from _of_accounts(moment)
    yield from _of_windows(moment)
    yield GaugeMetricFamily("codexlb_ready", "Whether an account can serve a request now.", float(moment.is_ready))
    yield GaugeMetricFamily("codexlb_waiting", "Requests that wait for an account.", moment.waiting)
    yield GaugeMetricFamily("codexlb_writer_backlog", "Operations that wait to be written.", moment.backlog)
    yield GaugeMetricFamily("codexlb_writer_healthy", "Whether rows get written.", float(moment.is_writable))
    yield CounterMetricFamily(
        "codexlb_writer_failures", "Operations that were broken in themselves and left out.", moment.left_out
    )


def _of_accounts(moment: Moment) -> Iterator[Metric]:
    known = GaugeMetricFamily("codexlb_account_info", "Always 1.", labels=("account", "alias", "plan"))
    for account in moment.accounts:  # not the e-mail address: metrics are kept and shown in many places
        known.add_metric((account.id, account.alias or "", account.plan), 1)
    yield known
    by_status = GaugeMetricFamily("codexlb_accounts", "Accounts by status.", labels=("status",))
    for status in AccountStatus:
        by_status.add_metric((status.value,), sum(standing.status is status for standing in moment.standings))
    yield by_status
    in_flight = GaugeMetricFamily("codexlb_in_flight", "Requests that an account serves now.", labels=("account",))
    for account_id, count in moment.in_flight.items():
        in_flight.add_metric((account_id,), count)
    yield in_flight


def _of_windows(moment: Moment) -> Iterator[Metric]:
    labels = ("account", "minutes")
    used = GaugeMetricFamily(
        "codexlb_window_used_percent", "Used of a quota window; minutes is its length.", labels=labels
    )
    resets = GaugeMetricFamily("codexlb_window_reset_timestamp_seconds", "When a window starts afresh.", labels=labels)
    for window in moment.windows:
        values = (window.account_id, str(window.minutes))
        used.add_metric(values, used_now(window, moment.now))
        if window.resets_at is not None and window.resets_at > moment.now:
            resets.add_metric(values, window.resets_at)
    yield used
    yield resets


class Page(Collector):
    """All that is told at one scrape: the counters, and gauges of one moment."""

    def __init__(self, registry: CollectorRegistry, gauges: Iterable[Metric]) -> None:
        self.registry = registry
        self.gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Everything but when each counter was made, which nobody asks and doubles the page."""
        for metric in self.registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
        yield from self.gauges
