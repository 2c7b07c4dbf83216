"""How a benchmark is shown: spreads, verdicts and the machine go in, rich tables or plain records for JSON come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from codexlb_store.quantity import EXACT_BELOW, count
from scripts.benchmark.figures import IN_SCENES, ROADS, SCENES, Figure, Spread, Target, Verdict, ratio
from scripts.benchmark.machine import Machine
from scripts.terminal import figures, table

Spreads = Mapping[tuple[Figure, Target], Spread]

LABELS = {
    Figure.TURNS_30KB: "Turns/s, 30 kB",
    Figure.TURNS_30KB_KEPT: "Turns/s, 30 kB, kept",
    Figure.TURNS_1MB: "Turns/s, 1 MB",
    Figure.CPU_30KB: "CPU s/1,000 turns, 30 kB",
    Figure.CPU_30KB_KEPT: "CPU s/1,000 turns, 30 kB, kept",
    Figure.CPU_1MB: "CPU s/1,000 turns, 1 MB",
    Figure.FIRST_30KB_P50: "First token ms, 30 kB, p50",
    Figure.FIRST_30KB_P99: "First token ms, 30 kB, p99",
    Figure.FIRST_30KB_KEPT_P50: "First token ms, 30 kB, kept, p50",
    Figure.FIRST_30KB_KEPT_P99: "First token ms, 30 kB, kept, p99",
    Figure.FIRST_1MB_KEPT_P50: "First token ms, 1 MB, kept, p50",
    Figure.FIRST_1MB_KEPT_P99: "First token ms, 1 MB, kept, p99",
    Figure.ADDED_30KB_P50: "First token +ms, 30 kB, p50",
    Figure.ADDED_30KB_P99: "First token +ms, 30 kB, p99",
    Figure.ADDED_30KB_KEPT_P50: "First token +ms, 30 kB, kept, p50",
    Figure.ADDED_30KB_KEPT_P99: "First token +ms, 30 kB, kept, p99",
    Figure.ADDED_1MB_KEPT_P50: "First token +ms, 1 MB, kept, p50",
    Figure.ADDED_1MB_KEPT_P99: "First token +ms, 1 MB, kept, p99",
    Figure.BURST: "Events/s in bursts",
    Figure.CPU_EVENTS: "CPU s/100,000 paced events",
    Figure.AGE_PACED: "Event age ms, paced, p99",
    Figure.MEMORY_IDLE: "MB resident, idle",
    Figure.MEMORY_SLOW: "MB resident, slow streams",
    Figure.AGE_SLOW: "Event age ms, slow streams, p99",
    Figure.SMALL_KEYS_P95: "Small keys' first token ms, p95",
    Figure.GOOD_CLIENT_P95: "Good client's first token ms, p95",
    Figure.LOOKED_AT_P95: "Busy proxy's first token ms, p95",
}

BOUNDS_WIDTH = len("3.03M-3.58M")
"""The widest a figure's bounds may be, so that they are never cut."""

EXPLANATION = (
    "Kept: the client keeps its connection; else it opens one for each turn, as Codex does. +ms: more than directly "
    "in the same round. Beside a median: the lowest and highest round. Ratio: codexlb to mitmdump."
)
SCENES_EXPLANATION = (
    "Through codexlb alone, and beside others: nine small keys beside a greedy one that keeps a hundred long turns "
    "waiting; a good client beside 200 that send byte by byte, or nothing; a busy proxy beside a dashboard, /metrics "
    "each second and `report --watch`. Ratio: beside to alone."
)


def number(value: float | None) -> str:
    """Three or so significant digits, whatever the size."""
    if value is None or abs(value) >= EXACT_BELOW:
        return count(None if value is None else round(value))
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cell(found: Spread | None) -> Text:
    """The median, and its bounds when they differ; blank for a figure the road does not have."""
    if found is None:
        return Text("")
    if found.low == found.high:
        return Text(number(found.median))
    return Text.assemble(number(found.median), (f" {number(found.low)}-{number(found.high)}", "dim"))


def figures_table(found: Spreads, targets: Sequence[Target]) -> Table:
    """Each figure measured over these roads, or in these scenes, and its ratio."""
    heads = [Column(target.value, justify="right", min_width=BOUNDS_WIDTH) for target in targets]
    shown = table(Column("Figure", no_wrap=True), *heads, figures("ratio"))
    for figure in Figure:
        cells = [cell(found.get((figure, target))) for target in targets]
        if any(cells):
            of = ratio(found, figure)
            shown.add_row(LABELS[figure], *cells, "" if of is None else f"{of:.2f}")
    return shown


def has_any(found: Spreads, targets: Sequence[Target]) -> bool:
    """Whether anything was measured there."""
    return any(target in targets for _, target in found)


def outcome(verdict: Verdict) -> Text:
    """Whether a goal was met, in a word and a colour."""
    if verdict.met is None:
        return Text("not measured", "dim")
    if not verdict.met:
        return Text("missed", "red")
    return Text("met, and the aim", "green") if verdict.aim_met else Text("met", "green")


def goals_table(verdicts: Sequence[Verdict]) -> Table:
    """Each goal beside what was measured."""
    shown = table(Column("Goal for codexlb"), figures("must"), figures("aim"), figures("is"), Column(""))
    for verdict in verdicts:
        goal = verdict.goal
        to = "alone" if goal.figure in IN_SCENES else "mitmdump's"
        label = f"{LABELS[goal.figure]}, to {to}" if goal.of_ratio else LABELS[goal.figure]
        aim = "" if goal.aim is None else number(goal.aim)
        shown.add_row(label, number(goal.must), aim, number(verdict.measured), outcome(verdict))
    return shown


def machine_line(machine: Machine, rounds: int) -> str:
    """What a reader must know to compare the figures."""
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.system}; Python {machine.python}, "
        f"mitmproxy {machine.mitmproxy}, Codex-LB {machine.codexlb}; load average {machine.load_average} at the start; "
        f"rounds: {rounds}"
    )


def figure_records(found: Spreads) -> list[dict[str, Any]]:
    """Each measured figure as a JSON object; null where a road does not have it."""
    records = []
    for figure in Figure:
        roads = {target: found.get((figure, target)) for target in (SCENES if figure in IN_SCENES else ROADS)}
        if any(roads.values()):
            values = {target.value: asdict(spread) if spread else None for target, spread in roads.items()}
            records.append({"figure": figure.value, **values, "ratio": ratio(found, figure)})
    return records


def goal_record(verdict: Verdict) -> dict[str, Any]:
    """A goal and what was measured as a JSON object; null where nothing was."""
    goal = verdict.goal
    limits = {"must": goal.must, "aim": goal.aim, "of_ratio": goal.of_ratio}
    return {"figure": goal.figure.value, **limits, "measured": verdict.measured, "met": verdict.met}
