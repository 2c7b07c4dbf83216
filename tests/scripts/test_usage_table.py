from __future__ import annotations

import pytest

from codexlb_store.ledger import Outcome
from codexlb_store.reports import UsageRow
from scripts.data_folder import DataFolder
from scripts.usage_table import account_names, figures_within, outcome_style
from tests.scripts.sample_ledger import add_account


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
        (68, ["Requests", "Input", "Cached", "Cache %", "Output", "Reasoning", "Cost"]),
        (60, ["Requests", "Input", "Cached", "Cache %", "Output", "Cost"]),
        (48, ["Requests", "Input", "Cache %", "Output", "Cost"]),
        (5, ["Requests", "Input", "Cache %", "Output", "Cost"]),
    ],
)
def test_narrow_tables_leave_the_least_wanted_columns_out(width: int, headings: list[str]) -> None:
    row = UsageRow("x", 1, 12_345, 12_345, 12_345, 12_345, 1234.5)

    assert [figure.heading for figure in figures_within(width, [row])] == headings


@pytest.mark.parametrize("outcome", [*Outcome, None])
def test_every_outcome_has_a_colour(outcome: Outcome | None) -> None:
    assert outcome_style(outcome) in {"green", "yellow", "red", "cyan"}
