"""How the first page looks: an overview goes in, sections for a terminal or records for programs come out."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from codexlb_store.pricing import Prices
from codexlb_store.windows import used_now
from scripts.accounts.table import NO_ACCOUNTS
from scripts.report.anomaly_lines import anomalies_grid, anomalies_record, anomaly_lines
from scripts.report.outcomes import outcomes_line
from scripts.report.overview import Overview, Used
from scripts.report.record import VERSION, line_record
from scripts.report.usage_table import Row, rows_table
from scripts.report.windows_now import windows_section
from scripts.terminal import GAP

NO_REQUESTS = "No requests yet: start `codexlb serve` and point Codex at it."


def overview_page(found: Overview, note: str, now: float, width: int, zone: datetime.tzinfo | None) -> RenderableType:
    """The windows now, usage, what went otherwise than it should, and outcomes; `width` characters wide at most."""
    parts = []
    if found.views:
        parts.append(_section("Windows now", windows_section(found.views, found.windows, now, width, zone)))
    if found.is_empty:
        return Group(*parts, NO_REQUESTS if found.views else NO_ACCOUNTS)
    rows = [Row(used.period.label, (used.sums, used.latency)) for used in found.used]
    parts.append(_section("Usage", Group(rows_table("", rows, width), Text(f"\n{note}", "dim"))))
    if anomaly_lines(found.anomalies):
        title = f"Anomalies, {found.odd_period.label[0].lower()}{found.odd_period.label[1:]}"
        parts.append(_section(title, anomalies_grid(found.anomalies)))
    return Group(*parts, _section("Outcomes", _outcomes(found, width)))


def _section(title: str, body: RenderableType) -> Group:
    return Group(Text(title, "bold"), Padding(body, (1, 0), expand=False))


def _outcomes(found: Overview, width: int) -> Table:
    room = width - GAP - max(cell_len(used.period.label) for used in found.used)
    grid = Table.grid(Column(no_wrap=True), Column(), padding=(0, GAP, 0, 0))
    for used in found.used:
        grid.add_row(used.period.label, outcomes_line(used.outcomes, room) if used.outcomes else Text("none", "dim"))
    return grid


def cost_note(prices: Prices) -> str:
    """What the figures in dollars mean."""
    own = f" and your own of {prices.own.as_of:%Y-%m-%d}" if prices.own else ""
    return (
        "Cost is what the public API would have charged for the same tokens, "
        f"by its prices of {prices.as_of:%Y-%m-%d}{own}."
    )


def overview_record(found: Overview, total: dict[str, Any], now: float) -> dict[str, Any]:
    """The page as a JSON document; its one row is the total of all that was asked for."""
    return {
        "version": VERSION,
        "rows": [total],
        "periods": [_period_record(used) for used in found.used],
        "windows": window_records(found, now),
        "anomalies": {"period": found.odd_period.name, **anomalies_record(found.anomalies)},
    }


def _period_record(used: Used) -> dict[str, Any]:
    filters = used.period.filters
    return {
        "period": used.period.name,
        "since": filters.since,
        "until": filters.until,
        **line_record(used.sums, used.latency),
        "outcomes": {row.groups[0] or "running": row.sums.requests for row in used.outcomes},
    }


def window_records(found: Overview, now: float) -> list[dict[str, Any]]:
    """Every window of every account with its pace; times are unix seconds."""
    return [
        {
            "account": view.account.id,
            "account_name": view.account.name,
            "status": view.status,
            "minutes": one.window.minutes,
            "used_percent": used_now(one.window, now),
            "resets_at": one.window.resets_at,
            "read_at": one.window.read_at,
            "pace": {name: value for name, value in asdict(one.pace).items() if name != "age_seconds"},
        }
        for view in found.views
        for one in found.windows[view.account.id]
    ]


def period_cells(used: Used) -> dict[str, Any]:
    """One period as a row of a spreadsheet."""
    return {name: value for name, value in _period_record(used).items() if name != "outcomes"}
