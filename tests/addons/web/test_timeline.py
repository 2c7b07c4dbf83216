"""How the time of a request went by."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from addons.web.labels import Labels
from addons.web.timeline import Stretch, timeline
from addons.web.words import Tone
from codexlb_store.exchanges import request
from codexlb_store.ledger import AttemptRow
from codexlb_store.schema import open_store
from tests.codexlb_store.rows import add

BEFORE = "before the first attempt"

LABELS = Labels({"a1": "ann", "a2": "bob"}, {}, {})

TWO = (
    AttemptRow(1, "a1", "rate_limited", 429, None, 1000.5, 500.0),
    AttemptRow(2, "a2", None, 200, None, 1001.0, 1500.0),
)


def stretches(home: Path, is_open: bool = False, **closing_of: Any) -> tuple[Stretch, ...]:
    """Of a request that opened at 1000 and took 2.5 seconds."""
    with closing(open_store(home)) as db:
        add(db, opened_at=1000.0, is_open=is_open, closing=closing_of)
        row = request(db, "x0")
    assert row
    return timeline(row, LABELS)


def test_attempts_follow_each_other_and_the_answer_the_first_token(tmp_path: Path) -> None:
    found = stretches(tmp_path, attempts=TWO, first_token_ms=1500.0, total_ms=2500.0)

    assert [(one.label, one.left, one.width, one.tone, one.said) for one in found] == [
        ("before the first attempt", 0, 20, Tone.QUIET, "500 ms"),
        ("attempt 1: ann, rate limited 429", 20, 20, Tone.BAD, "500 ms"),
        ("attempt 2: bob, to the first token", 40, 20, Tone.BUSY, "500 ms"),
        ("answer", 60, 40, Tone.GOOD, "1.0 s"),
    ]


@pytest.mark.parametrize(
    ("ended", "labels"),
    [
        pytest.param({"attempts": TWO[1:], "first_token_ms": None}, [BEFORE, "attempt 2: bob"], id="no token"),
        pytest.param({"attempts": ()}, [BEFORE], id="no attempt"),
        pytest.param({"total_ms": 0.0}, [], id="no time"),
        pytest.param({"is_open": True}, [], id="still running"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_left_out(tmp_path: Path, ended: dict[str, Any], labels: list[str]) -> None:
    assert [one.label for one in stretches(tmp_path, **ended)] == labels


def test_clocks_that_disagree_draw_nothing_outside(tmp_path: Path) -> None:
    odd = (AttemptRow(1, "a1", None, 200, None, 990.0, 1.0), AttemptRow(2, "a2", None, 200, None, 1100.0, 9e9))
    for one in stretches(tmp_path, attempts=odd, first_token_ms=None):
        assert 0 <= one.left <= 100
        assert one.width > 0
        assert one.left + one.width <= 100.01
