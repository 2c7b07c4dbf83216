"""Where Codex keeps its sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.sessions.codex_home import CodexHome, rollout_id
from scripts.sessions.session_error import SessionsError
from tests.scripts.sessions.rollouts import SmallHome, identifier, meta


@pytest.mark.parametrize(
    ("name", "rollout"),
    [
        (f"rollout-2026-11-23T00-26-32-{identifier(1)}.jsonl", identifier(1)),
        (f"rollout-2026-11-23T00-26-32-{identifier(1)}.jsonl.zst", identifier(1)),
        (f"rollout-2026-11-23T00-26-32-{identifier(1)}_{identifier(2)}.jsonl", identifier(2)),
        ("rollout-old.jsonl", "rollout-old"),
    ],
    ids=["plain", "compressed", "after a revert", "no id"],
)
def test_the_id_of_a_rollout(name: str, rollout: str) -> None:
    assert rollout_id(Path(name)) == rollout


def test_rollouts_are_found_in_both_folders_once_whatever_links_there_are(home: SmallHome, tmp_path: Path) -> None:
    first = home.write(1, meta("a"))
    archived = home.write(2, meta("b"), place="archived_sessions")
    home.write(3, name="notes.jsonl")
    home.write(4, name=".rollout-1.jsonl.mark.codexlb")
    moved = tmp_path / "other-disk"
    first.parent.rename(moved)
    first.parent.symlink_to(moved)
    (moved / "rollout-again.jsonl").symlink_to(moved / first.name)
    (moved / "loop").symlink_to(moved)
    (moved / "rollout-nowhere.jsonl").symlink_to(moved / "nothing")

    found = list(CodexHome.find(home.folder, {}).rollouts())

    assert found == [first, archived]


def test_the_newest_schema_is_the_database(home: SmallHome) -> None:
    for name in ("state_5.sqlite", "state_12.sqlite", "state_9.sqlite-wal", "state_x.sqlite", "statement_99.sqlite"):
        (home.folder / name).touch()
    found = CodexHome.find(home.folder, {})

    assert found.database("state") == home.folder / "state_12.sqlite"
    assert found.database("thread_history") is None


@pytest.mark.parametrize(
    ("config", "environ", "databases"),
    [
        ("", {}, ""),
        ('sqlite_home = "db"', {"CODEX_SQLITE_HOME": "/elsewhere"}, "db"),
        ("", {"CODEX_SQLITE_HOME": "/elsewhere"}, "/elsewhere"),
        ("broken = = toml", {}, ""),
    ],
    ids=["beside", "config", "environment", "broken config"],
)
def test_where_the_databases_are(home: SmallHome, config: str, environ: dict[str, str], databases: str) -> None:
    (home.folder / "config.toml").write_text(config)

    assert CodexHome.find(home.folder, environ).databases == home.folder / databases


def test_the_folder_is_the_chosen_one_else_the_environments_else_dot_codex(tmp_path: Path, home: SmallHome) -> None:
    dot_codex = tmp_path / "home" / ".codex"
    dot_codex.mkdir(parents=True)

    assert CodexHome.find(dot_codex, {"CODEX_HOME": str(home.folder)}).folder == dot_codex
    assert CodexHome.find(None, {"CODEX_HOME": str(home.folder)}).folder == home.folder
    assert CodexHome.find(None, {}).folder == dot_codex


def test_no_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SessionsError, match="choose the right one with --codex-home"):
        CodexHome.find(tmp_path / "nothing", {})
