from __future__ import annotations

import pytest

from codexlb_store.limit_texts import limit_text
from scripts.data_folder import DataFolder
from tests.codexlb_store.together import run_together
from tests.scripts.accounts.people import refused
from tests.scripts.keys.people import as_json, codexlb_keys, made, misused, stored, stored_limits


@pytest.fixture(autouse=True)
def key() -> str:
    """A key with two limits; its id."""
    made("laptop", "--limit", "5M-tokens/day", "--concurrency", "4")
    return stored()[0].id


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        pytest.param(["60req/min"], ["5M-tokens/day", "4 concurrent", "60req/min"], id="one more"),
        pytest.param(["2M-tokens/day"], ["2M-tokens/day", "4 concurrent"], id="another amount"),
        pytest.param(["1M-tokens/day:a*"], ["5M-tokens/day", "4 concurrent", "1M-tokens/day:a*"], id="of some models"),
        pytest.param(["--concurrency", "9"], ["5M-tokens/day", "9 concurrent"], id="concurrency"),
        pytest.param(["9 concurrent"], ["5M-tokens/day", "9 concurrent"], id="concurrency as a limit"),
        pytest.param(["--remove", "5M-tokens/day"], ["4 concurrent"], id="one less"),
        pytest.param(["--remove", "5000k-token/DAY"], ["4 concurrent"], id="one less, written in another way"),
        pytest.param(["--remove", "4 concurrent", "1req/day"], ["5M-tokens/day", "1req/day"], id="one for another"),
        pytest.param(["--clear"], [], id="none"),
        pytest.param(["--clear", "1req/day", "2usd/7d"], ["1req/day", "2usd/7d"], id="all others"),
    ],
)
def test_limits_are_changed(arguments: list[str], limits: list[str], key: str) -> None:
    result = codexlb_keys("limit", "laptop", *arguments)

    assert (result.exit_code, result.stderr) == (0, "")
    assert stored_limits() == limits
    said = (
        f"The limits of laptop ({key}) are {', '.join(limits)} now." if limits else f"laptop ({key}) has no limits now."
    )
    assert result.stdout == f"{said}\n"


def test_what_was_used_of_a_limit_counts_on_when_its_amount_changes(folder: DataFolder) -> None:
    codexlb_keys("limit", "laptop", "1M-output/5h")
    limits = {limit_text(limit): limit.id for limit in stored()[0].limits}
    folder.db.execute("INSERT INTO budgets VALUES (?, 3e9, 4e9, 250000)", (limits["1M-output/5h"],))
    folder.db.conn.commit()

    record = as_json("limit", "laptop", "500k-output/5h")

    assert [(one["limit"], one["used"], one["used_percent"]) for one in record["limits"]] == [
        ("5M-tokens/day", 0, 0.0),
        ("4 concurrent", 0, 0.0),
        ("500k-output/5h", 250_000, 50.0),
    ]


def test_without_a_change_the_limits_are_shown() -> None:
    before = stored()

    shown = codexlb_keys("limit", "laptop").stdout

    assert "5M-tokens/day" in shown and "0 of 5.00M" in shown and "0 of 4" in shown
    assert [as_json("limit", "laptop")] == as_json("list")
    assert stored() == before


def test_that_there_are_no_limits_is_shown_too() -> None:
    codexlb_keys("limit", "laptop", "--clear")

    assert codexlb_keys("limit", "laptop").stdout == "No limits.\n"


def test_a_limit_that_there_is_not_cannot_be_removed(key: str) -> None:
    sentence = refused(codexlb_keys("limit", "laptop", "60req/min", "--remove", "4M-tokens/day"))

    assert sentence == f"laptop ({key}) has no limit 4M-tokens/day: it has 5M-tokens/day and 4 concurrent."
    assert stored_limits() == ["5M-tokens/day", "4 concurrent"]


def test_two_amounts_for_one_limit_change_nothing() -> None:
    sentence = refused(codexlb_keys("limit", "laptop", "1req/day", "2req/day"))

    assert sentence == "The limits 1req/day and 2req/day are of the same: give one of them."
    assert stored_limits() == ["5M-tokens/day", "4 concurrent"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["5M"], "Error: Invalid value for '[LIMIT]...': The limit '5M' "),
        (["--remove", "tokens"], "Error: Invalid value for '--remove': The limit 'tokens' cannot be read"),
        (["--clear", "--remove", "5M-tokens/day"], "Error: --clear takes every limit away: leave --remove out."),
    ],
)
def test_a_mistake_of_use_changes_nothing(arguments: list[str], sentence: str) -> None:
    assert misused(codexlb_keys("limit", "laptop", *arguments)).startswith(sentence)
    assert stored_limits() == ["5M-tokens/day", "4 concurrent"]


def test_a_revoked_keys_limits_are_shown_still() -> None:
    codexlb_keys("revoke", "laptop", "--yes")

    assert "5M-tokens/day" in codexlb_keys("limit", "laptop").stdout


def test_of_several_people_who_change_a_key_at_once_none_undoes_the_others_change(folder: DataFolder) -> None:
    run_together(
        "import os\nfrom scripts.keys.command import command\nimport scripts.keys.limiting",
        "command(['limit', 'laptop', f'1req/day:m{os.getpid()}'])",
        folder.home,
    )

    assert len(stored_limits()) == 2 + 4
