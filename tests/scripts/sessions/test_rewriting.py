"""One file changed, and nothing else about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.sessions.edits import Edit, EditError, inverse
from scripts.sessions.rewriting import rewrite
from scripts.sessions.rollout_content import blocks, write
from scripts.sessions.session_error import SessionsError
from tests.scripts.sessions.rollouts import OLD_NS, SmallHome, content, joined, meta

TEXT = meta("t1")
START = TEXT.index(b'"openai"')
EDITS = (Edit(START, b'"openai"', b'"codex-lb"'),)


@pytest.mark.parametrize("suffix", ["", ".zst"], ids=["plain", "compressed"])
def test_bytes_change_and_times_mode_and_owner_stay(home: SmallHome, suffix: str) -> None:
    path = home.write(1, TEXT, name=f"rollout-1.jsonl{suffix}")
    if suffix:
        with path.open("wb") as file:
            write([TEXT], file, len(TEXT))
        os.utime(path, ns=(OLD_NS - 1, OLD_NS))
    before = path.stat()

    rewrite(path, EDITS, "mark")

    after = path.stat()
    assert joined(blocks(path)) == TEXT.replace(b"openai", b"codex-lb")
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert (before.st_atime_ns, before.st_mtime_ns) == (OLD_NS - 1, OLD_NS)
    rewrite(path, inverse(EDITS), "mark")
    assert joined(blocks(path)) == TEXT
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_link_stays_a_link_and_what_it_leads_to_changes(home: SmallHome, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_bytes(TEXT)
    link = home.write(2).parent / "rollout-1.jsonl"
    link.symlink_to(elsewhere)

    rewrite(link, EDITS, "mark")

    assert link.is_symlink()
    assert elsewhere.read_bytes() == TEXT.replace(b"openai", b"codex-lb")


def test_where_something_else_stands_the_file_is_as_it_was(home: SmallHome) -> None:
    path = home.write(1, meta("t1", "other"))
    before = home.picture()

    with pytest.raises(EditError):
        rewrite(path, EDITS, "mark")

    assert home.picture() == before


def test_what_a_killed_run_left_beside_is_no_hindrance(home: SmallHome) -> None:
    path = home.write(1, TEXT)
    path.with_name(f".{path.name}.mark.codexlb").write_bytes(b"half")

    rewrite(path, EDITS, "mark")

    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_written_to_meanwhile_is_not_replaced(home: SmallHome) -> None:
    path = home.write(1, TEXT * 100)
    with path.open("ab") as file, pytest.raises(SessionsError, match="was written to meanwhile"):

        class Writing(tuple[Edit, ...]):
            """Edits that are looked at while Codex adds a line."""

            def __iter__(self) -> Iterator[Edit]:
                file.write(b"{}\n")
                file.flush()
                return super().__iter__()

        rewrite(path, Writing(EDITS), "mark")

    assert content(path).startswith(TEXT * 100 + b"{}\n")
    assert [each.name for each in path.parent.iterdir()] == [path.name]
