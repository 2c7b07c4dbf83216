from __future__ import annotations

import pytest
from rich.text import Text

from scripts.remarks import Remark, folded


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["limited (5 h) until 18:44 · 2 in flight"]),
        (39, ["limited (5 h) until 18:44 · 2 in flight"]),
        (38, ["limited (5 h) until 18:44", "2 in flight"]),
        (24, ["limited (5 h)", "until 18:44", "2 in flight"]),
        (5, ["limited (5 h)", "until 18:44", "2 in flight"]),
    ],
)
def test_a_line_ends_between_remarks_and_only_in_need_within_one(width: int, lines: list[str]) -> None:
    remarks = [Remark(("limited (5 h)", "until 18:44"), "yellow"), Remark(("2 in flight",), "cyan")]

    found: Text = folded(remarks, width)

    assert found.plain.split("\n") == lines
