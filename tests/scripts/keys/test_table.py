from __future__ import annotations

import datetime

import pytest

from scripts.keys.table import keys_table
from tests.scripts.keys.views import NOW, everybody, view
from tests.scripts.snapshots import printed, snapshot


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_has_a_line_per_limit(width: int) -> None:
    text = printed(keys_table(everybody(), NOW, width, datetime.UTC), width)

    assert text == snapshot(f"keys-{width}", text)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 100, 140])
def test_a_long_name_or_limit_is_never_cut(width: int) -> None:
    name, model = (
        "the.machine.that.builds.everything.every.night.of.the.year",
        "gpt-5.5-codex-mini-of-the-day-2026-11-22",
    )
    views = [view(name, {f"2.5M-output/month:{model}": (0, None)})]

    lines = printed(keys_table(views, NOW, width, datetime.UTC), width).splitlines()

    assert max(map(len, lines)) <= width
    place = lines[0].index("Limit")
    names, limits = ([line[part].split(" ")[0] for line in lines[2:]] for part in (slice(place), slice(place, None)))
    assert "".join(names).startswith(name)
    assert "".join(limits) == f"2.5M-output/month:{model}"


def test_the_columns_hold_for_any_name_and_limit_that_are_short() -> None:
    text = printed(keys_table([view("a")], NOW, 80, datetime.UTC), 80)

    assert text.splitlines()[2:] == [
        "a                                   no limits",
        "active · sk-clb-AbCdEfGh",
        "never used",
    ]
