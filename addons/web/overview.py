"""The first page: accounts, what was used, over time and by whom, what went otherwise than it should, what is hot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from addons.web.cards import accounts_part
from addons.web.course import BUCKETS, MONTH_DAYS, RANGE_WORDS, Range, course_part, range_of
from addons.web.labels import Labels, load_labels
from addons.web.links import requests_link
from addons.web.page import Page, Part, Reading
from addons.web.usage_lines import usage_part
from codexlb_store.anomalies import Anomalies, anomalies
from codexlb_store.heat import hottest
from codexlb_store.quantity import DAY, HOUR, count
from codexlb_store.usage import Dimension, Filters, UsageRow, usage

MOST_GROUPS = 6
"""So many accounts, models or keys are listed; the rest is in the report."""

HOT_SECONDS, MOST_HOT = HOUR, 6
"""The sessions that used the most since then."""

MOST_MODELS = 5
"""So many models without a price are named."""


@dataclass(frozen=True, slots=True)
class Group:
    """One account, model or key, what it used, and where its requests are."""

    label: str
    row: UsageRow
    link: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """Everything that was used, by one thing; so many groups are left out."""

    heading: str
    groups: tuple[Group, ...]
    left_out: int


def overview_page(reading: Reading) -> Page:
    """The whole page."""
    labels = load_labels(reading.db)
    asked = range_of(reading.view.parameters.get("range"))
    parts = (
        accounts_part(reading, labels.accounts),
        usage_part(reading),
        course_part(reading, asked),
        _shares(reading, labels, asked),
        _anomalies(reading),
        _hottest(reading),
    )
    return Page("Overview", parts)


def _shares(reading: Reading, labels: Labels, asked: Range) -> Part:
    seconds = BUCKETS[asked][0] if asked in BUCKETS else MONTH_DAYS * DAY
    naming = {Dimension.ACCOUNT: labels.account, Dimension.MODEL: labels.model, Dimension.KEY: labels.key}
    shares = [_share(reading, by, name, Filters(since=reading.now - seconds), asked) for by, name in naming.items()]
    return Part("shares", "shares.html", {"shares": shares, "words": RANGE_WORDS[asked]})


def _share(reading: Reading, by: Dimension, name: Callable[[str | None], str], filters: Filters, asked: Range) -> Share:
    rows = reading.figure(("share", by, asked), lambda: usage(reading.db, (by,), filters))
    groups = [
        Group(name(row.groups[0]), row, requests_link({by: row.groups[0], "since": asked}) if row.groups[0] else None)
        for row in rows[:MOST_GROUPS]
    ]
    return Share(by, tuple(groups), max(0, len(rows) - MOST_GROUPS))


def _anomalies(reading: Reading) -> Part:
    filters = Filters(since=reading.now - 7 * DAY)
    found = reading.figure("anomalies", lambda: anomalies(reading.db, filters))
    return Part("anomalies", "anomalies.html", {"lines": anomaly_lines(found)})


def anomaly_lines(found: Anomalies) -> list[tuple[str, str, str | None]]:
    """A number, what it is of and where those requests are, for everything that happened at all."""
    lost_tokens = sum(loss.tokens for loss in found.cache_losses)
    causes = [(count(loss.tokens), loss.cause.replace("_", " ")) for loss in found.cache_losses if loss.tokens]
    failed, lost = (requests_link({"outcome": outcome, "since": "7d"}) for outcome in ("failed", "lost"))
    lines = [
        (found.failovers, "failed over to another account", None),
        (found.failed, "failed", failed),
        (found.moved, "moved: not served by their session's last account", None),
        (lost_tokens, f"warm tokens lost: {', '.join(f'{tokens} {cause}' for tokens, cause in causes)}", None),
        (found.unpriced, f"without a price: {_models(found)}", None),
        (found.estimated, "estimated: left by their client, so the upstream never told their use", None),
        (found.lost, "lost: the proxy ended before the answer did", lost),
    ]
    return [(count(number), words, link) for number, words, link in lines if number]


def _models(found: Anomalies) -> str:
    left = len(found.unpriced_models) - MOST_MODELS
    shown = [*found.unpriced_models[:MOST_MODELS], *([f"{left} more"] if left > 0 else [])]
    return ", ".join(shown) or "requests without a model"


def _hottest(reading: Reading) -> Part:
    rows = reading.figure("hottest", lambda: hottest(reading.db, reading.now - HOT_SECONDS, MOST_HOT))
    groups = [Group(row.groups[0] or "", row, requests_link({"session": row.groups[0] or ""})) for row in rows]
    return Part("hottest", "hottest.html", {"groups": groups})
