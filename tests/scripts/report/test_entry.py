"""The installed command: what stands in a pipe, at any width."""

from __future__ import annotations

import csv
import io
import json

import pytest
from rich.cells import cell_len

from scripts.data_folder import DataFolder
from tests.processes import run

PAGES = [
    ["report"],
    ["report", "--by", "day,model"],
    ["report", "--by", "session,outcome", "--sort", "tokens", "--reverse"],
    ["report", "requests"],
    ["report", "explain", "a1"],
    ["report", "verify"],
]


@pytest.mark.parametrize("width", [None, 60, 100])
@pytest.mark.parametrize("arguments", PAGES, ids=" ".join)
def test_a_page_in_a_pipe_fits_and_has_no_colours(
    busy: DataFolder, monkeypatch: pytest.MonkeyPatch, arguments: list[str], width: int | None
) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))

    page = run(*arguments)

    assert "\x1b" not in page
    assert all(line == line.rstrip() for line in page.splitlines())
    if width:
        assert max(map(cell_len, page.splitlines())) <= width


def test_data_in_a_pipe_is_data_alone(busy: DataFolder) -> None:
    assert json.loads(run("report", "--by", "key", "--json"))["version"] == 1
    assert len(list(csv.reader(io.StringIO(run("report", "requests", "--csv", "--limit", "3"))))) == 4
    assert run("report", "--by", "outcome", "--md").startswith("| Outcome | Requests |")
