"""How figures and goals read."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from scripts.benchmark.figures import IN_SCENES, ROADS, SCENES, Figure, Goal, Spread, Target, Verdict
from scripts.benchmark.findings import Findings
from scripts.benchmark.load import Sample
from scripts.benchmark.machine import Machine, processor_name, this_machine
from scripts.benchmark.tables import (
    LABELS,
    figure_records,
    figures_table,
    goal_record,
    goals_table,
    has_any,
    machine_line,
    number,
    outcome,
)

FOUND = {
    (Figure.BURST, Target.DIRECT): Spread(3_400_000, 3_030_000, 3_580_000),
    (Figure.BURST, Target.MITMDUMP): Spread(36_000, 35_000, 37_000),
    (Figure.BURST, Target.CODEXLB): Spread(54_000, 54_000, 54_000),
    (Figure.CPU_EVENTS, Target.CODEXLB): Spread(12.3, 10.8, 16.0),
}
GOAL = Goal(Figure.BURST, must=30_000, aim=60_000)
MACHINE = Machine("AMD EPYC", 4, "Linux 6.18.44", "3.13.0", "12.2.3", "0.1.0", 0.5)


def printed(what: RenderableType) -> str:
    """What a person sees in 80 columns."""
    console = Console(file=io.StringIO(), width=80)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "n/a"),
        (0.0, "0.00"),
        (1.449, "1.45"),
        (12.34, "12.3"),
        (123.4, "123"),
        (5_233.0, "5,233"),
        (36_123.4, "36.1k"),
        (3_400_000.0, "3.40M"),
        (-0.05, "-0.05"),
    ],
)
def test_number(value: float | None, expected: str) -> None:
    assert number(value) == expected


def test_figures_fit_into_80_columns_whole() -> None:
    """Every bound is readable, a road without a figure is blank, figures not measured are left out."""
    text = printed(figures_table(FOUND, ROADS))

    assert "…" not in text
    assert "3.03M-3.58M" in text
    assert "1.50" in text
    assert LABELS[Figure.TURNS_30KB] not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_every_figure_has_a_label_that_fits() -> None:
    every = {(figure, target): Spread(1_234, 1_111, 5_555) for figure in Figure for target in Target}

    over_roads, in_scenes = (printed(figures_table(every, targets)) for targets in (ROADS, SCENES))

    assert set(LABELS) == set(Figure)
    assert all(label in over_roads for label in LABELS.values())
    assert all(LABELS[figure] in in_scenes for figure in IN_SCENES)
    assert "…" not in over_roads + in_scenes


@pytest.mark.parametrize(
    ("met", "aim_met", "expected"),
    [
        (None, None, "not measured"),
        (False, False, "missed"),
        (True, None, "met"),
        (True, False, "met"),
        (True, True, "met, and the aim"),
    ],
)
def test_outcome(met: bool | None, aim_met: bool | None, expected: str) -> None:
    assert outcome(Verdict(GOAL, 1.0, met, aim_met)).plain == expected


def test_goals_are_shown_beside_what_was_measured() -> None:
    text = printed(goals_table([Verdict(GOAL, 54_000, True, False)]))

    assert [word for word in text.splitlines()[-1].split("  ") if word] == [
        LABELS[Figure.BURST], "30.0k", "60.0k", "54.0k", "met"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "expected"),
    [(Figure.TURNS_30KB, ", to mitmdump's"), (Figure.SMALL_KEYS_P95, ", to alone")],
    ids=["over-roads", "in-a-scene"],
)
def test_a_goal_of_a_ratio_says_of_what(figure: Figure, expected: str) -> None:
    text = printed(goals_table([Verdict(Goal(figure, must=1.2, of_ratio=True), 1.1, True, None)]))

    assert LABELS[figure] + expected in text


def test_what_was_not_measured_is_not_shown() -> None:
    """A run of the scenes alone has no table of roads, and the other way round."""
    scene = {(Figure.SMALL_KEYS_P95, Target.ALONE): Spread(1, 1, 1)}

    assert (has_any(FOUND, ROADS), has_any(FOUND, SCENES)) == (True, False)
    assert (has_any(scene, ROADS), has_any(scene, SCENES)) == (False, True)


def test_figures_as_json_hold_null_where_nothing_was_measured() -> None:
    bursts, events = figure_records(FOUND)

    assert (bursts["figure"], bursts["ratio"]) == ("burst_events_per_second", 1.5)
    assert events == {
        "figure": "cpu_seconds_per_100k_paced_events",
        "direct": None,
        "mitmdump": None,
        "codexlb": {"median": 12.3, "low": 10.8, "high": 16.0},
        "ratio": None,
    }


def test_a_scene_as_json_names_its_halves() -> None:
    found = {
        (Figure.SMALL_KEYS_P95, Target.ALONE): Spread(100, 90, 110),
        (Figure.SMALL_KEYS_P95, Target.BESIDE): Spread(110, 100, 120),
    }

    assert figure_records(found) == [
        {
            "figure": "first_token_ms_p95_small_keys",
            "alone": {"median": 100, "low": 90, "high": 110},
            "beside": {"median": 110, "low": 100, "high": 120},
            "ratio": 1.1,
        }
    ]


def test_a_goal_as_json() -> None:
    assert goal_record(Verdict(GOAL, 54_000, True, False)) == {
        "figure": "burst_events_per_second", "must": 30_000, "aim": 60_000, "of_ratio": False,
        "measured": 54_000, "met": True,
    }  # fmt: skip


def test_the_machine_is_named() -> None:
    """Processor, cores, versions and how busy it was: without them figures cannot be compared."""
    line = machine_line(MACHINE, rounds=5)

    for part in ("AMD EPYC, 4 cores", "Python 3.13.0", "mitmproxy 12.2.3", "load average 0.5", "rounds: 5"):
        assert part in line


def test_this_machine_is_known() -> None:
    machine = this_machine()

    assert machine.cores >= 1
    assert machine.mitmproxy.count(".") == 2


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC\n", "AMD EPYC"),
        ("processor\t: 0\nFeatures\t: fp asimd\n", "unknown processor"),
    ],
    ids=["x86", "no-model-name"],
)
def test_processor_name(cpuinfo: str, expected: str) -> None:
    assert processor_name(cpuinfo) == expected


def test_troubles_are_told() -> None:
    """Failed turns and turns the ledger does not have make figures worthless: both are said."""
    findings = Findings(completed_rows=7)
    bad = Sample(10, 2, "answered 'HTTP/1.1 503'", 0, 1.0, None, None, None, None, None, None)
    findings.count(Target.CODEXLB, bad)

    assert findings.troubles() == [
        "2 of 10 turns over codexlb failed: answered 'HTTP/1.1 503'.",
        "The ledger has 7 completed turns, but 8 came through codexlb.",
    ]
