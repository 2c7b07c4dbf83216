"""`codexlb report` over a real store: the pages as a person runs them, and JSON as a script reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from codexlb_store.usage import Dimension
from scripts.data_folder import DataFolder
from scripts.report.command import command
from tests.scripts.sample_ledger import add_account, add_request

FIRST_FIELDS = (
    "account", "account_name", "requests", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens",
    "cost_usd",
)  # fmt: skip
UNKNOWN_FIELDS = (
    "input_tokens", "cached_tokens", "uncached_tokens", "output_tokens", "reasoning_tokens", "total_tokens",
    "cost_usd", "cached_percent", "estimated_input_tokens", "lost_cached_tokens",
)  # fmt: skip


@pytest.fixture(autouse=True)
def in_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clock times and days are this machine's: here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def report(*arguments: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(command, list(arguments))


def rows_of(result: Result) -> list[dict[str, Any]]:
    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr, document["version"]) == (0, "", 1)
    rows: list[dict[str, Any]] = document["rows"]
    return rows


def test_without_anything_the_report_says_how_to_begin() -> None:
    result = report()

    assert result.exit_code == 0
    assert result.stdout == "No accounts yet: add one with `codexlb accounts login`.\n"


def test_with_accounts_only_the_report_shows_them_and_says_what_comes_next(folder: DataFolder) -> None:
    add_account(folder, "ann@example.com", "plus")

    lines = [line.strip() for line in report().stdout.splitlines()]

    assert lines[0] == "Windows now"
    assert lines[-1] == "No requests yet: start `codexlb serve` and point Codex at it."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "model"], "No requests yet: start `codexlb serve` and point Codex at it."),
        (["--by", "model", "--since", "2026-11-20T10:00"], "No requests yet"),
        (["requests"], "No requests yet: start `codexlb serve` and point Codex at it."),
    ],
)
def test_where_there_is_nothing_to_show_one_sentence_says_so(arguments: list[str], sentence: str) -> None:
    result = report(*arguments)

    assert result.exit_code == 0
    assert result.stdout.startswith(sentence)
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize("by", list(Dimension))
def test_json_of_nothing_is_an_empty_list(by: Dimension) -> None:
    assert rows_of(report("--by", str(by), "--json")) == []
    assert rows_of(report("requests", "--json")) == []


def test_json_by_account_has_its_id_and_its_name(used: DataFolder) -> None:
    rows = rows_of(report("--by", "account", "--json", "--since", "2026-11-22"))

    by_name = {row["account_name"]: row for row in rows}
    [ann] = [row["id"] for row in used.db["accounts"].rows if row["email"] == "ann.miller@example.com"]
    assert by_name["carol@example.net"]["input_tokens"] == 19_800
    row = by_name["ann.miller@example.com"]
    assert {name: row[name] for name in FIRST_FIELDS} == {
        "account": ann,
        "account_name": "ann.miller@example.com",
        "requests": 4,
        "input_tokens": 42_000,
        "cached_tokens": 2100,
        "output_tokens": 995,
        "reasoning_tokens": 64,
        "cost_usd": pytest.approx(0.163),
    }
    assert (row["uncached_tokens"], row["total_tokens"], row["failovers"]) == (39_900, 42_995, 1)
    assert (row["running"], row["first_token_ms_p50"], row["lost_cached_tokens"]) == (1, 410.0, None)


def test_json_names_an_account_by_its_e_mail_alone(folder: DataFolder) -> None:
    for workspace in ("own", "team"):
        add_request(folder, add_account(folder, "ann@example.com", "plus", workspace), at=0)
    folder.db.conn.commit()

    for arguments in (["--by", "account"], ["requests"]):
        assert {row["account_name"] for row in rows_of(report(*arguments, "--json"))} == {"ann@example.com"}


def test_a_key_goes_by_its_name(used: DataFolder) -> None:
    used.db.execute("INSERT INTO keys (id, name, created_at, time_zone) VALUES ('k1', 'laptop', 0, 'UTC')")
    for table in ("exchanges", "sums"):
        used.db.execute(f"UPDATE {table} SET key_id = 'k1' WHERE model = 'gpt-5.1'")
    used.db.conn.commit()

    names = {row["key"]: row["key_name"] for row in rows_of(report("--by", "key", "--json"))}

    assert names == {"k1": "laptop", None: None}
    assert "laptop" in report("--by", "key").stdout


def test_json_by_outcome_leaves_unknown_and_running_null(used: DataFolder) -> None:
    rows = {row["outcome"]: row for row in rows_of(report("--by", "outcome", "--json"))}

    assert rows.keys() == {"completed", "failed", "cancelled", "refused", None}
    assert rows["failed"]["requests"] == rows["failed"]["failed"] == 1
    assert {name: rows["failed"][name] for name in UNKNOWN_FIELDS} == dict.fromkeys(UNKNOWN_FIELDS)


def test_json_without_a_dimension_is_the_total(used: DataFolder) -> None:
    [row] = rows_of(report("--json"))

    assert row["requests"] == 35
    assert "group" not in row


def test_json_by_day_has_days_of_this_machine(used: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT-14")
    time.tzset()

    days = [row["day"] for row in rows_of(report("--by", "day", "--json"))]

    assert days == sorted(days)
    assert days[-1] == "2026-11-23"


def test_json_of_requests_is_newest_first_with_all_attempts(used: DataFolder) -> None:
    rows = rows_of(report("requests", "--json", "--limit", "5"))

    assert [row["outcome"] for row in rows] == [None, "refused", "cancelled", "failed", "completed"]
    moved = rows[-1]
    assert moved["account_name"] == "ann.miller@example.com"
    assert (moved["input_tokens"], moved["cached_tokens"], moved["reasoning_tokens"]) == (21_300, 0, None)
    assert [(a["account_name"], a["failure"], a["status"]) for a in moved["attempts"]] == [
        ("bob@work.example.org", "usage_limit", 429),
        ("ann.miller@example.com", None, 200),
    ]
    assert moved["account"] == moved["attempts"][1]["account"] != moved["attempts"][0]["account"]
    refused = rows[1]
    assert (refused["account"], refused["account_name"], refused["model"], refused["attempts"]) == (
        None,
        None,
        None,
        [],
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--since", "soon"], "'soon' is no time that can be read"),
        (["--by", "colour"], "'colour' is not one of"),
        (["--by", "day,model,key"], "'day,model,key' are 3 things"),
        (["--by", "day, Day"], "is the same thing twice"),
        (["--until", "never"], "'never' is no time that can be read"),
        (["--since", "2026-02-02", "--until", "2026-02-01"], "--since 2026-02-02 is not before --until 2026-02-01"),
        (["--tz", "Mars/Olympus"], "'Mars/Olympus' is no time zone that is known here"),
        (["--json", "--csv"], "--json and --csv exclude each other"),
        (["--sort", "cost"], "--sort is for the rows of a table"),
        (["--limit", "3"], "--limit is for the rows of a table"),
        (["--by", "model", "--sort", "time"], "--sort time needs rows that are times"),
        (["--by", "model", "--sort", "beauty"], "'beauty' is not one of"),
        (["--since", "7d", "requests"], "Write --since after `requests`"),
        (["requests", "--limit", "0"], "0 is not in the range"),
        (["requests", "--outcome", "sad"], "'sad' is not one of"),
        (["explain", "zz"], "There is not exactly one request whose id begins with 'zz'"),
    ],
)
def test_a_wrong_option_is_answered_with_what_can_be_written(arguments: list[str], sentence: str) -> None:
    result = report(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in " ".join(result.stderr.split())


def test_colour_only_where_it_is_wanted(used: DataFolder) -> None:
    asked = report(FORCE_COLOR="1", TERM="xterm")
    refused = report(FORCE_COLOR="1", TERM="xterm", NO_COLOR="1")

    assert "\x1b[32m" in asked.stdout
    assert "\x1b[32m" not in refused.stdout


def test_requests_are_a_table(used: DataFolder) -> None:
    result = report("requests", "--limit", "1")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[2].split()[-8:] == ["x34", "gpt-5.5", "low", "running", *["n/a"] * 4]


def test_a_terminal_without_our_characters_still_gets_the_report(used: DataFolder) -> None:
    result = CliRunner(charset="latin-1").invoke(command, [])

    assert result.exit_code == 0
    assert b"ann.miller@example.com" in result.stdout_bytes
