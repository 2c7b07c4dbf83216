"""Sessions by provider, counted in a real folder of Codex."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scripts.doctor.codex_seen import see_sessions
from scripts.doctor.sessions import Counted, check_sessions
from tests.scripts.sessions.rollouts import SmallHome, identifier, meta


@pytest.mark.parametrize(
    ("counts", "is_all", "sentences"),
    [
        ({}, True, ["Codex has no saved sessions here."]),
        ({"codex-lb": 1}, True, ["`codex resume` shows 1 session of codex-lb, and no other provider has any."]),
        (
            {"codex-lb": 3, "openai": 1}, True,
            ["1 session belongs to openai: `codex resume` does not show them with codex-lb."],
        ),
        (
            {"my corp": 2, "openai": 5}, False,
            [
                "At least 5 sessions belong to openai: `codex resume` does not show them with codex-lb.",
                "At least 2 sessions belong to my corp: `codex resume` does not show them with codex-lb.",
            ],
        ),
    ],
    ids=["none", "own", "another's", "several's"],
)  # fmt: skip
def test_what_is_not_shown(counts: dict[str, int], is_all: bool, sentences: list[str]) -> None:
    found = check_sessions(Counted(Counter(counts), is_all), "codex-lb")

    assert [one.sentence for one in found] == sentences
    assert [one.mend for one in found if "my corp" in one.sentence] == [
        "codexlb sessions retag --from 'my corp' --to codex-lb" for name in counts if name == "my corp"
    ]


def test_real_files_are_counted_once_each(tmp_path: Path) -> None:
    home = SmallHome(tmp_path / "codex")
    home.session(1, "openai")
    home.session(2, "codex-lb")
    home.write(3, b"nothing that can be read\n")
    home.write(4, meta(identifier(1), "openai"))  # the same thread once more
    home.write(5, meta(identifier(5), "openai"), place="archived_sessions")

    assert see_sessions(home.folder, {}) == Counted(Counter({"openai": 1, "codex-lb": 1}), True)
    assert see_sessions(tmp_path / "none", {}).by_provider == {}
