"""What a report is about: names, times and zones as people write them, through the command."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from codexlb_store.accounts import load_accounts
from codexlb_store.usage import Dimension, usage
from scripts.data_folder import DataFolder
from scripts.report.command import command
from tests.scripts.report.busy_ledger import EVIL_MODEL, LEGACY, WEBSHOP


def report(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def requests_of(*arguments: str) -> int:
    result = report("--json", *arguments)
    assert result.exit_code == 0, result.output
    found: int = json.loads(result.stdout)["rows"][0]["requests"]
    return found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], 40, id="everything"),
        pytest.param(["--account", "bob@work.example.org"], 12, id="e-mail"),
        pytest.param(["--account", "BOB"], 12, id="how an e-mail begins"),
        pytest.param(["--key", "laptop"], 2, id="key"),
        pytest.param(["--model", "gpt-5.1"], 1, id="model"),
        pytest.param(["--model", "gpt-5*"], 38, id="models"),
        pytest.param(["--project", "webshop"], 2, id="project by name"),
        pytest.param(["--project", WEBSHOP[:6]], 2, id="project by id"),
        pytest.param(["--project", LEGACY], 1, id="project without a name"),
        pytest.param(["--session", "01a203d1-0"], 4, id="how a session begins"),
        pytest.param(["--session", "01a203d1-0000-77f1-bce4-20f8c1926071"], 4, id="session"),
        pytest.param(["--key", "laptop", "--project", "webshop"], 1, id="both"),
        pytest.param(["--tz", "UTC", "--until", "2026-11-13"], 1, id="a date means its end"),
        pytest.param(["--tz", "UTC", "--until", "2026-11-13T00:00"], 0, id="a time means itself"),
        pytest.param(["--tz", "UTC", "--since", "2026-11-22"], 13, id="from a date on"),
        pytest.param(["--tz", "Asia/Tokyo", "--since", "2026-11-22", "--until", "2026-11-22"], 4, id="its day there"),
    ],
)
def test_only_what_was_chosen_is_counted(busy: DataFolder, arguments: list[str], expected: int) -> None:
    assert requests_of(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (["--account", "zoe"], ["There is no account 'zoe'", "ann.miller@example.com"]),
        (["--key", "deskop"], ["There is no key 'deskop'", "laptop"]),
        (["--model", "gpt-5.6"], ["No request was for a model 'gpt-5.6'", "gpt-5.5"]),
        (["--project", "shop"], ["'shop' means no project", "webshop"]),
        (["--session", "01"], ["'01' is how 2 sessions begin"]),
        (["--session", "ff"], ["There is no session 'ff'"]),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_are_near(
    busy: DataFolder, arguments: list[str], sentences: list[str]
) -> None:
    for subcommand in ([], ["requests"]):
        result = report(*subcommand, *arguments)

        assert (result.exit_code, result.stdout) == (2, "")
        for sentence in sentences:
            assert sentence in " ".join(result.stderr.split())


def test_near_names_cannot_steer_a_terminal(busy: DataFolder) -> None:
    assert EVIL_MODEL in {row.groups[0] for row in usage(busy.db, (Dimension.MODEL,))}

    assert "\x1b" not in report("--model", "gpt-9").stderr


def test_without_any_request_every_model_will_do(folder: DataFolder) -> None:
    assert requests_of("--model", "gpt-5*") == 0
    assert "There is no session 'x': the ledger has none yet." in report("--session", "x").stderr


def test_what_was_removed_is_still_found_by_its_id(busy: DataFolder) -> None:
    bob = next(account for account in load_accounts(busy.db) if account.email.startswith("bob"))
    busy.db.execute("DELETE FROM accounts WHERE id = ?", (bob.id,))
    busy.db.execute("DELETE FROM keys")
    busy.db.conn.commit()

    assert requests_of("--account", bob.id) == 12
    assert requests_of("--key", "k1") == 2


def test_days_are_those_of_the_zone(busy: DataFolder) -> None:
    days = {
        zone: json.loads(report("--by", "day", "--tz", zone, "--json").stdout)["rows"] for zone in ("UTC", "Asia/Tokyo")
    }

    assert [row["day"] for row in days["UTC"]][-1] == "2026-11-22"
    assert [row["day"] for row in days["Asia/Tokyo"]][-1] == "2026-11-23"


def test_single_requests_can_be_chosen_too(busy: DataFolder) -> None:
    rows = json.loads(report("requests", "--json", "--key", "laptop", "--outcome", "completed").stdout)["rows"]

    assert [(row["id"][:2], row["key_name"], row["project_name"]) for row in rows] == [
        ("b2", "laptop", None),
        ("a1", "laptop", "webshop"),
    ]
