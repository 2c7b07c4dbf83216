"""`codexlb benchmark`: options go in, tables or JSON of what Codex-LB costs beside plain mitmproxy come out."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.console import Console

from scripts.benchmark.figures import GOALS, ROADS, SCENES, Verdict, spreads, verdict
from scripts.benchmark.findings import Findings
from scripts.benchmark.machine import Machine, this_machine
from scripts.benchmark.plan import FULL, QUICK, Measurement, Plan
from scripts.benchmark.processes import BenchmarkError, shared_out
from scripts.benchmark.rounds import run
from scripts.benchmark.scenes import play
from scripts.benchmark.tables import (
    EXPLANATION,
    SCENES_EXPLANATION,
    Spreads,
    figure_records,
    figures_table,
    goal_record,
    goals_table,
    has_any,
    machine_line,
)
from scripts.terminal import terminal

JSON_VERSION = 1

OPEN_FILES = 8_192
"""Hundreds of streams take two sockets each in a proxy; many systems allow a process 1,024 unless it asks."""


def chosen(_context: click.Context, _option: click.Parameter, text: str | None) -> frozenset[Measurement]:
    """The measurements a person asked for with `--only`; all without it."""
    if text is None:
        return frozenset(Measurement)
    try:
        return frozenset(Measurement(name.strip()) for name in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{error}: give one or more of {', '.join(Measurement)}.") from error


def allow_open_files() -> None:
    """Let this process and those it starts open as many sockets as they need, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = OPEN_FILES if hard == unlimited else min(OPEN_FILES, hard)
    if soft != unlimited and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind what runs, so that the processes it started are ended too."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def measured(plan: Plan, wanted: frozenset[Measurement]) -> Findings:
    """Run the measurements in a temporary folder; a line on standard error says what is under way."""
    allow_open_files()
    cores = shared_out(sorted(os.sched_getaffinity(0)))
    console = Console(stderr=True, highlight=False)
    with (
        ending_on_sigterm(),
        tempfile.TemporaryDirectory(prefix="codexlb-benchmark-") as folder,
        console.status("starting") as status,
    ):
        findings = run(plan, wanted, Path(folder), cores, status.update)
        play(plan, wanted, Path(folder), cores, findings, status.update)
        return findings


def verdicts_on(found: Spreads) -> list[Verdict]:
    """The goals that this run has something to say about."""
    verdicts = (verdict(goal, found) for goal in GOALS)
    return [one for one in verdicts if one.measured is not None]


def print_json(machine: Machine, plan: Plan, found: Spreads, troubles: Iterable[str]) -> None:
    """Everything as one JSON object on standard output."""
    document = {
        "version": JSON_VERSION,
        "machine": asdict(machine),
        "plan": asdict(plan),
        "figures": figure_records(found),
        "goals": [goal_record(one) for one in verdicts_on(found)],
        "troubles": list(troubles),
    }
    click.echo(json.dumps(document, indent=2))


def print_tables(machine: Machine, plan: Plan, found: Spreads, troubles: Iterable[str]) -> None:
    """Everything for people: the machine, the figures, the goals, and what is wrong with them."""
    console = terminal()
    console.print(machine_line(machine, plan.rounds), "", sep="\n")
    for targets, explanation in ((ROADS, EXPLANATION), (SCENES, SCENES_EXPLANATION)):
        if has_any(found, targets):
            console.print(figures_table(found, targets), explanation, "", sep="\n")
    console.print(goals_table(verdicts_on(found)))
    for trouble in troubles:
        console.print(trouble, style="red")


@click.command()
@click.option("--quick", is_flag=True, help="One short round: to see that nothing is badly wrong, not to compare.")
@click.option("--only", "wanted", callback=chosen, metavar="NAME[,NAME]", help=f"Some of {', '.join(Measurement)}.")
@click.option("--rounds", type=click.IntRange(1, 50), help="How often to measure all but memory and slow clients.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON instead of tables.")
def command(quick: bool, wanted: frozenset[Measurement], rounds: int | None, as_json: bool) -> None:
    """Measure what Codex-LB costs: made-up turns sent directly, through plain mitmdump, and through `codexlb serve`.

    All three alternate in one run, on this machine and nothing else. Then two scenes through `codexlb serve`: small
    client keys alone and beside a greedy one, a good client alone and beside slow ones. Exits with 1 when turns failed.
    """
    if not sys.platform.startswith("linux"):
        raise click.ClickException("The benchmark reads CPU and memory from /proc: run it on Linux.")
    plan = QUICK if quick else FULL
    plan = replace(plan, rounds=rounds or plan.rounds)
    machine = this_machine()
    try:
        findings = measured(plan, wanted)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    troubles = findings.troubles()
    show = print_json if as_json else print_tables
    show(machine, plan, spreads(findings.values), troubles)
    if troubles:
        sys.exit(1)
