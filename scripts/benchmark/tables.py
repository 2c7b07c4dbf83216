"""How a benchmark is shown: spreads, verdicts and the machine go in, rich tables or plain records for JSON come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from scripts.benchmark.figures import Figure, Spread, Target, Verdict, ratio
from scripts.benchmark.machine import Machine
from scripts.quantity import EXACT_BELOW, count
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
}

BOUNDS_WIDTH = len("3.03M-3.58M")
"""The widest a figure's bounds may be, so that they are never cut."""

EXPLANATION = (
    "Kept: the client keeps its connection; else it opens one for each turn, as Codex does. +ms: more than directly "
    "in the same round. Beside a median: the lowest and highest round. Ratio: codexlb to mitmdump."
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


def figures_table(found: Spreads) -> Table:
    """Each measured figure over the three roads, and what codexlb takes of mitmdump's."""
    heads = [Column(target.value, justify="right", min_width=BOUNDS_WIDTH) for target in Target]
    shown = table(Column("Figure", no_wrap=True), *heads, figures("ratio"))
    for figure in Figure:
        cells = [cell(found.get((figure, target))) for target in Target]
        if any(cells):
            of = ratio(found, figure)
            shown.add_row(LABELS[figure], *cells, "" if of is None else f"{of:.2f}")
    return shown


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
        label = f"{LABELS[goal.figure]}, to mitmdump's" if goal.of_ratio else LABELS[goal.figure]
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
        roads = {target: found.get((figure, target)) for target in Target}
        if any(roads.values()):
            values = {target.value: asdict(spread) if spread else None for target, spread in roads.items()}
            records.append({"figure": figure.value, **values, "ratio": ratio(found, figure)})
    return records


def goal_record(verdict: Verdict) -> dict[str, Any]:
    """A goal and what was measured as a JSON object; null where nothing was."""
    goal = verdict.goal
    limits = {"must": goal.must, "aim": goal.aim, "of_ratio": goal.of_ratio}
    return {"figure": goal.figure.value, **limits, "measured": verdict.measured, "met": verdict.met}
