"""Reports for programs, spreadsheets and documents: pure data on standard output or in a file, notes beside it."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scripts.data_folder import DataFolder
from scripts.report.command import command
from tests.scripts.report.busy_ledger import EVIL_MODEL, FORMULA_SESSION, LEGACY, WEBSHOP
from tests.scripts.snapshots import snapshot


def report(*arguments: str | Path, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(command, list(map(str, arguments)))


def document(*arguments: str) -> dict[str, Any]:
    result = report(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["version"] == 1
    return found


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_of_nested_rows_carries_both_dimensions(busy: DataFolder) -> None:
    found = document("--by", "account,project", "--sort", "name")

    rows = [(row["account_name"], row["project_name"], row["project"], row["requests"]) for row in found["rows"]]
    assert rows[1:4] == [
        ("ann.miller@example.com", "webshop", WEBSHOP, 2),
        ("bob@work.example.org", None, LEGACY, 1),
        ("bob@work.example.org", None, None, 11),
    ]
    assert found["total"]["requests"] == 40
    assert sum(row["requests"] for row in found["rows"]) == 40


def test_json_of_the_first_page_has_all_that_is_on_it(busy: DataFolder) -> None:
    found = document("--tz", "UTC")

    [total] = found["rows"]
    assert total["requests"] == 40
    assert (total["estimated"], total["estimated_output_tokens"], total["lost_cached_tokens"]) == (1, 480, 46_000)
    assert [period["period"] for period in found["periods"]] == ["today", "last_7_days", "total"]
    assert found["periods"][2]["outcomes"] == {
        "completed": 34, "cancelled": 2, "running": 1, "failed": 1, "lost": 1, "refused": 1,
    }  # fmt: skip
    ann = [window for window in found["windows"] if window["account_name"] == "ann.miller@example.com"]
    assert [window["minutes"] for window in ann] == [300, 10_080]
    assert set(ann[0]["pace"]) == {"even_percent", "ahead_percent", "state", "runs_out_at", "lasts"}
    assert found["anomalies"]["period"] == "last_7_days"


def test_json_of_a_chosen_time_has_that_period_alone(busy: DataFolder) -> None:
    found = document("--since", "2026-11-22T16:00+00:00", "--until", "2026-11-22T17:18+00:00")

    [period] = found["periods"]
    assert (period["period"], found["anomalies"]["period"]) == ("selected", "selected")
    assert found["anomalies"]["unpriced_models"] == [EVIL_MODEL]
    assert found["anomalies"]["cache_losses"] == [
        {"cause": "moved", "requests": 1, "tokens": 36_000},
        {"cause": "idle", "requests": 1, "tokens": 10_000},
    ]
    assert found["rows"][0]["requests"] == period["requests"] == 9


def test_csv_is_rfc_4180_with_a_head(busy: DataFolder) -> None:
    result = report("--by", "day,model", "--csv", "--tz", "UTC")

    assert result.stderr == ""
    assert result.stdout_bytes.count(b"\r\n") == result.stdout_bytes.count(b"\n") == 11
    rows = table(result.stdout)
    assert list(rows[0])[:4] == ["day", "model", "requests", "input_tokens"]
    [unpriced] = [row for row in rows if row["model"] == EVIL_MODEL]
    assert (unpriced["day"], unpriced["input_tokens"], unpriced["cost_usd"]) == ("2026-11-22", "12000", "")


def test_csv_cells_of_clients_are_no_formulas(busy: DataFolder) -> None:
    sessions = [row["session"] for row in table(report("--by", "session", "--csv").stdout)]

    assert f"'{FORMULA_SESSION}" in sessions
    assert f"'{FORMULA_SESSION}" in [row["session"] for row in table(report("requests", "--csv").stdout)]


def test_csv_of_requests_has_what_was_estimated_beside_what_was_counted(busy: DataFolder) -> None:
    rows = {row["id"][:2]: row for row in table(report("requests", "--csv").stdout)}

    assert (rows["c3"]["input_tokens"], rows["c3"]["estimated_input_tokens"]) == ("", "18900")
    assert (rows["a1"]["attempts"], rows["a1"]["tried_accounts"]) == (
        "2",
        "bob@work.example.org ann.miller@example.com",
    )
    assert (rows["a1"]["cache_loss"], rows["a1"]["project_name"], rows["a1"]["key_name"]) == (
        "moved",
        "webshop",
        "laptop",
    )


def test_csv_of_the_first_page_is_its_periods(busy: DataFolder) -> None:
    rows = table(report("--csv").stdout)

    assert [row["period"] for row in rows] == ["today", "last_7_days", "total"]
    assert rows[2]["requests"] == "40"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("models", ["--by", "model"]),
        ("days", ["--by", "day,model", "--since", "2026-11-22"]),
    ],
)
def test_markdown_is_a_table_with_its_pipes_escaped(busy: DataFolder, name: str, arguments: list[str]) -> None:
    result = report(*arguments, "--md", "--tz", "UTC")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == snapshot(f"report-md-{name}", result.stdout)
    assert f"{FORMULA_SESSION}".replace("|", "\\|") in report("--by", "session", "--md").stdout


def test_markdown_of_the_first_page_is_its_periods(busy: DataFolder) -> None:
    lines = report("--md", "--tz", "UTC").stdout.splitlines()

    assert [line.split(" | ")[0] for line in lines] == [
        "| Period", "| ---", "| Today", "| Last 7 days", "| Since 2026-11-13",
    ]  # fmt: skip


def test_data_stays_data_where_rows_are_left_out(busy: DataFolder) -> None:
    result = report("--by", "model", "--limit", "1", "--json")

    assert len(json.loads(result.stdout)["rows"]) == 1
    assert result.stderr == "3 more rows are left out by --limit.\n"


@pytest.mark.parametrize("form", ["--csv", "--md"])
def test_data_of_nothing_is_its_head(folder: DataFolder, form: str) -> None:
    result = report("--by", "model", form)

    assert result.exit_code == 0
    assert "requests" in result.stdout.lower()
    assert result.stderr == "No requests yet: start `codexlb serve` and point Codex at it.\n"


def test_nothing_of_what_was_chosen_is_one_sentence(busy: DataFolder) -> None:
    result = report("--by", "day", "--key", "laptop", "--until", "2026-01-31", "--tz", "UTC")

    assert result.stdout == "No requests until 1 Feb 00:00 are of what you chose.\n"
    assert report("requests", "--until", "2026-01-31").stdout.startswith("No requests are of this kind")


def test_a_file_gets_all_of_it_and_nothing_else(busy: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("old")
    path.chmod(0o640)

    result = report("--by", "model", "--csv", "--output", path)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"Written to {path}.\n")
    assert path.read_bytes().startswith(b"model,requests,")
    assert [one.name for one in tmp_path.iterdir() if "report" in one.name] == ["report.csv"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_table_in_a_file_has_no_colours(busy: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "page.txt"

    assert report("--output", path, FORCE_COLOR="1", TERM="xterm").exit_code == 0
    assert "\x1b" not in path.read_text()
    assert "ann.miller@example.com" in path.read_text()


def test_a_file_behind_a_link_is_written_and_the_link_stays(busy: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")

    report("--json", "--output", tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "target").read_text())["version"] == 1


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no such device here")
def test_a_device_stays_a_device(busy: DataFolder, tmp_path: Path) -> None:
    assert report("--json", "--output", os.devnull).exit_code == 0
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("place", [".", "missing/report.json"])
def test_a_place_that_cannot_be_written_is_one_sentence(busy: DataFolder, tmp_path: Path, place: str) -> None:
    result = report("--json", "--output", tmp_path / place)

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"The report cannot be written to {tmp_path / place}" in " ".join(result.stderr.split())


def test_explain_as_json_has_every_candidate(busy: DataFolder) -> None:
    found = document("explain", "A1")

    assert [choice["reason"] for choice in found["choices"]] == ["warm home", "capacity_weighted, waited"]
    chosen, *others = found["choices"][1]["candidates"]
    assert (chosen["account_name"], chosen["weight"], chosen["terms"]["capacity"]) == (
        "ann.miller@example.com",
        0.5263,
        1.0,
    )
    assert [one["excluded"] for one in others] == ["tried", "limited"]


def test_verify_ends_with_0_when_all_adds_up_and_with_1_when_not(busy: DataFolder) -> None:
    good = report("verify")
    assert (good.exit_code, good.stdout.splitlines()[0][:35]) == (0, "Attempts, requests and sums agree: ")
    assert document("verify")["holds"] is True

    busy.db.execute("UPDATE sums SET cost_usd = 9 WHERE model = 'gpt-5.1'")
    busy.db.conn.commit()

    bad = report("verify", "--json")
    assert (bad.exit_code, json.loads(bad.stdout)["holds"]) == (1, False)
    assert json.loads(bad.stdout)["mismatches"][0]["figure"] == "cost_usd"
    assert report("verify").exit_code == 1


def test_requests_and_their_explanations_have_every_form(busy: DataFolder) -> None:
    assert report("requests", "--md", "--limit", "2").stdout.count("\n") == 4
    assert "chosen by capacity weighted, after a wait" in report("explain", "a1").stdout


def test_a_price_list_of_ones_own_that_cannot_be_used_hides_nothing(busy: DataFolder) -> None:
    (busy.home / "prices.toml").write_text("nonsense")

    result = report("--tz", "UTC")

    assert result.exit_code == 0
    assert "The price list" in result.stdout
    assert "Since 2026-11-13" in result.stdout


def test_verify_of_nothing_says_so(folder: DataFolder) -> None:
    assert report("verify").stdout == "There is nothing to prove yet: the ledger has no requests that ended.\n"
