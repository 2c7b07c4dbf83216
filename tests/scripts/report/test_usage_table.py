from __future__ import annotations

import pytest

from codexlb_store.latencies import Latency
from codexlb_store.ledger import Outcome
from codexlb_store.usage import Sums
from scripts.data_folder import DataFolder
from scripts.report.figures import FIGURES, MORE_FIGURES, figures_within
from scripts.report.labels import account_names
from scripts.report.outcomes import outcome_style
from tests.scripts.sample_ledger import add_account

USUAL = ["Requests", "Uncached", "Cached", "Cache %", "Output", "Reasoning", "Total", "Cost"]
ROW = Sums(
    1,
    input_tokens=24_690,
    cached_tokens=12_345,
    output_tokens=12_345,
    reasoning_tokens=12_345,
    cost_usd=1234.5,
    lost_cached_tokens=12_345,
)
LINE = (ROW, Latency(410, 830, 4400, 9000))


def test_one_person_in_two_workspaces_can_be_told_apart(folder: DataFolder) -> None:
    private, team = (add_account(folder, "ann@example.com", "plus", workspace) for workspace in ("own", "team"))
    bob = add_account(folder, "bob@example.com", "plus")

    assert account_names([private, team, bob]) == {
        private.id: f"ann@example.com ({private.id})",
        team.id: f"ann@example.com ({team.id})",
        bob.id: "bob@example.com",
    }


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (140, [*USUAL, "First p50", "First p95", "Failovers", "Moved", "Warm lost"]),
        (124, [*USUAL, "First p50", "First p95", "Failovers", "Warm lost"]),
        (110, [*USUAL, "First p50", "First p95", "Warm lost"]),
        (88, [*USUAL, "Warm lost"]),
        (77, USUAL),
        (66, [name for name in USUAL if name != "Reasoning"]),
        (58, ["Requests", "Uncached", "Cache %", "Output", "Total", "Cost"]),
        (48, ["Requests", "Cache %", "Output", "Total", "Cost"]),
        (40, ["Requests", "Cache %", "Total", "Cost"]),
        (5, ["Requests", "Total", "Cost"]),
    ],
)
def test_narrow_tables_leave_the_least_wanted_columns_out(width: int, headings: list[str]) -> None:
    found = figures_within(width, (*FIGURES, *MORE_FIGURES), [LINE])

    assert [figure.heading for figure in found] == headings


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_every_outcome_has_a_colour(outcome: Outcome | None) -> None:
    assert outcome_style(outcome) in {"green", "yellow", "red", "cyan"}
