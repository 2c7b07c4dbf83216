"""`codexlb sessions list`."""

from __future__ import annotations

import json
import os

from tests.scripts.sessions.rollouts import OLD_NS, SmallHome, codexlb_sessions, identifier, meta


def test_without_sessions_it_says_so(home: SmallHome) -> None:
    told = codexlb_sessions("list", "--codex-home", home.folder)

    assert (told.exit_code, told.stdout) == (0, f"Codex has no sessions in {home.folder}.\n")


def test_each_provider_with_its_sessions(home: SmallHome) -> None:
    first = home.session(1)
    home.write(1, meta(identifier(1)), name=f"rollout-x-{identifier(1)}_{identifier(7)}.jsonl")  # after a revert
    archived = home.write(2, meta(identifier(2)), place="archived_sessions")
    other = home.session(3, "codex-lb")
    os.utime(other, (2e9, 2e9))
    home.write(4, meta(identifier(4), None))
    home.write(5, b"no json\n")
    home.row(identifier(2), "codex-lb")

    told = codexlb_sessions("list", "--codex-home", home.folder, "--json")

    size = first.stat().st_size + archived.stat().st_size + len(meta(identifier(1)))
    old = OLD_NS / 1e9
    assert json.loads(told.stdout) == {
        "version": 1,
        "codex_home": str(home.folder),
        "rows": [
            {"provider": None, "sessions": 2, "archived": 0, "newest": old,
             "bytes": len(meta(identifier(4), None)) + 8},
            {"provider": "openai", "sessions": 2, "archived": 1, "newest": old, "bytes": size},
            {"provider": "codex-lb", "sessions": 1, "archived": 0, "newest": 2e9, "bytes": other.stat().st_size},
        ],
        "differ_in_database": 1,
    }  # fmt: skip
    page = codexlb_sessions("list", "--codex-home", home.folder).stdout
    assert all(word in page for word in ("Provider", "openai", "codex-lb", "(none)", "1 session of these"[:9]))


def test_a_damaged_file_is_told_and_counted(home: SmallHome) -> None:
    path = home.write(1, b"no zstd", name=f"rollout-x-{identifier(1)}.jsonl.zst")

    told = codexlb_sessions("list", "--codex-home", home.folder, "--json")

    assert f"Warning: {path} is damaged" in told.stderr
    assert [row["sessions"] for row in json.loads(told.stdout)["rows"]] == [1]


def test_listing_leaves_every_time_as_it_was(home: SmallHome) -> None:
    home.session(1)
    before = home.picture()

    codexlb_sessions("list", "--codex-home", home.folder)

    assert home.picture() == before
