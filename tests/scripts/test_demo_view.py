from __future__ import annotations

import pytest

from scripts.data_folder import DataFolder
from scripts.demo_traffic import Traffic
from scripts.demo_view import line, page
from tests.scripts.sample_ledger import add_account
from tests.scripts.snapshots import printed


@pytest.mark.parametrize("width", [80, 140])
def test_the_page_shows_accounts_and_traffic(folder: DataFolder, width: int) -> None:
    add_account(folder, "ann@example.com", "plus")
    traffic = Traffic("http://127.0.0.1:9", seconds=10)

    lines = printed(page(folder, traffic, 0.0, width), width).splitlines()

    assert lines[0] == "0 sessions · 0 turns · 0 s left"
    assert any(row.startswith("ann@example.com") for row in lines)
    assert max(map(len, lines)) <= width


def test_the_line_says_what_the_page_shows(folder: DataFolder) -> None:
    text = line(folder, Traffic("http://127.0.0.1:9", seconds=10))

    assert text == "0 sessions · 0 turns · 0 s left · n/a tokens in, n/a of them cached, n/a out"
