"""`codexlb sessions retag` and `undo`: what changes, what stays, and what comes back."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from scripts.sessions.rollout_content import blocks, write
from tests.scripts.at_terminal import asked, types
from tests.scripts.sessions.rollouts import (
    OLD_NS,
    TRICKY,
    SmallHome,
    codexlb_sessions,
    content,
    identifier,
    joined,
    meta,
    providers,
    refused,
    retag,
    said,
    settings,
    undo,
)


def retags(tmp_path: Path) -> list[Path]:
    """The folders of all runs."""
    return sorted((tmp_path / "codexlb-home" / "retags").glob("*"))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("openai", "codex-lb"),
        ("openai", "o"),
        ("openai", "azures"),
        ("a", "b" * 3000),
        ('q"u\\o/te', "tab\tline\nnull\0"),
        ("ünï", "日本 😀"),
        ("openai", '","type":"x'),
    ],
    ids=["longer", "shorter", "as long", "very long", "escapes", "not ASCII", "looks like JSON"],
)
def test_all_three_places_change_and_nothing_else_and_all_comes_back(home: SmallHome, was: str, becomes: str) -> None:
    for number in (1, 2, 3):
        home.session(number, was, turns=number)
    home.session(4, "other")
    before, rows, offsets = home.picture(), home.rows(), home.all_offsets()

    stamp = retag(home, was, becomes)

    # Behind a colon the token is a value of ours: in what people say every quote has a backslash.
    old, new = b":" + json.dumps(was).encode(), b":" + json.dumps(becomes, ensure_ascii=False).encode()
    expected = {name: (text.replace(old, new), *about) for name, (text, *about) in before.items()}
    assert home.picture() == expected
    assert [set(providers(path)) for path in home.rollouts()] == [{becomes}, {becomes}, {becomes}, {"other"}]
    assert home.rows() == {**{identifier(number): becomes for number in (1, 2, 3)}, identifier(4): "other"}
    assert home.misplaced() == []
    undo(stamp)
    assert home.picture() == before
    assert (home.rows(), home.all_offsets()) == (rows, offsets)


def test_only_the_names_bytes_change(home: SmallHome) -> None:
    path = home.write(1, meta(identifier(1)), TRICKY, settings(), said("x"), settings("other"), settings())

    retag(home)

    assert (path.stat().st_atime_ns, path.stat().st_mtime_ns) == (OLD_NS - 1, OLD_NS)
    assert content(path) == b"".join(
        [meta(identifier(1), "codex-lb"), TRICKY, settings("codex-lb"), said("x"), settings("other"),
         settings("codex-lb")]
    )  # fmt: skip


def test_broken_lines_stay_and_are_told(home: SmallHome) -> None:
    good = [meta(identifier(1)), settings()]
    broken = [b"{no json\n", b'{"text":"\xff\xfe"}\n', b"\0\0\0\n", b"\n", settings()[:-20]]
    path = home.write(1, *good, *broken)
    before = content(path)

    told = codexlb_sessions("retag", "--from", "openai", "--to", "p", "--codex-home", home.folder, "--yes")

    assert content(path) == meta(identifier(1), "p") + settings("p") + b"".join(broken)
    assert f"{path}: line 3, 4, 5, 6, 7" in told.stderr
    undo(told.stdout.split()[-1])
    assert content(path) == before


def test_a_sessions_own_later_meta_changes_and_that_of_another_stays(home: SmallHome) -> None:
    path = home.write(1, meta(identifier(1)), meta(identifier(9)), meta(identifier(1), memory_mode="disabled"))

    retag(home)

    assert providers(path) == ["codex-lb", "openai", "codex-lb"]


def test_archived_and_compressed_sessions_change_too(home: SmallHome) -> None:
    archived = home.write(1, meta(identifier(1)), place="archived_sessions")
    packed = home.write(2, name=f"rollout-x-{identifier(2)}.jsonl.zst")
    text = meta(identifier(2)) + TRICKY * 500 + settings()
    with packed.open("wb") as file:
        write([text], file, len(text))
    os.utime(packed, ns=(OLD_NS - 1, OLD_NS))

    stamp = retag(home)

    assert providers(archived) == ["codex-lb"]
    assert joined(blocks(packed)) == meta(identifier(2), "codex-lb") + TRICKY * 500 + settings("codex-lb")
    assert (packed.stat().st_atime_ns, packed.stat().st_mtime_ns) == (OLD_NS - 1, OLD_NS)
    undo(stamp)
    assert joined(blocks(packed)) == text


def fork(home: SmallHome, number: int, parent: int, end: int, provider: str = "openai") -> Path:
    base = {"thread_id": identifier(parent), "end_ordinal_exclusive": 3, "end_byte_offset": end}
    return home.write(number, meta(identifier(number), provider, history_base=base), settings(provider))


def base_of(path: Path) -> int:
    return int(content(path).partition(b'"end_byte_offset":')[2].partition(b"}")[0])


def test_forks_are_based_on_the_same_place_also_when_they_are_of_another_provider(home: SmallHome) -> None:
    parent = home.session(1, turns=40)
    end = parent.stat().st_size
    children = [fork(home, 2, 1, end), fork(home, 3, 1, end, "other")]
    before = home.picture()

    stamp = retag(home)

    assert [base_of(child) for child in children] == [parent.stat().st_size] * 2
    assert providers(children[1]) == ["other", "other"]
    later = fork(home, 4, 1, parent.stat().st_size, "codex-lb")
    undo(stamp)
    assert base_of(later) == end
    assert providers(later) == ["codex-lb", "codex-lb"]
    later.unlink()
    assert home.picture() == before


def test_a_session_that_went_on_after_the_retag_keeps_what_it_got(home: SmallHome) -> None:
    path = home.session(1)
    before = content(path)
    stamp = retag(home)
    added = settings("codex-lb") + said("later")
    with path.open("ab") as file:
        file.write(added)

    told = undo(stamp)

    assert content(path) == before + added
    assert home.rows() == {identifier(1): "openai"}
    assert "1 session used since: what was added stays as it is and names codex-lb." in told.stderr


def test_offsets_of_turns_after_the_retag_are_moved_back(home: SmallHome) -> None:
    path = home.session(1)
    stamp = retag(home)
    start = path.stat().st_size
    with path.open("ab") as file:
        file.write(said("later"))
    with closing(sqlite3.connect(home.folder / "thread_history_1.sqlite")) as db, db:
        db.execute("INSERT INTO thread_turns VALUES (?, 'later', ?, ?)", (identifier(1), start, path.stat().st_size))
        db.execute("UPDATE thread_history_projection_state SET next_rollout_byte_offset = ?", (path.stat().st_size,))

    undo(stamp)

    assert home.misplaced() == []
    assert home.all_offsets()[-1] == (identifier(1), path.stat().st_size)


def test_what_was_deleted_moved_or_changed_otherwise_since_is_told(home: SmallHome) -> None:
    gone, moved, other, left = (home.session(number) for number in (1, 2, 3, 4))
    stamp = retag(home)
    gone.unlink()
    archive = home.folder / "archived_sessions"
    archive.mkdir()
    moved = moved.rename(archive / moved.name)
    other.write_bytes(content(other).replace(b"codex-lb", b"elsewhere"))

    told = undo(stamp)

    assert "1 session deleted since: passed over." in told.stderr
    assert f"1 session changed otherwise since, and left alone:\n  {other}" in told.stderr
    assert [set(providers(path)) for path in (moved, other, left)] == [{"openai"}, {"elsewhere"}, {"openai"}]
    assert home.rows()[identifier(3)] == "codex-lb"


def test_of_two_runs_on_the_same_sessions_the_later_one_is_undone_first(home: SmallHome, tmp_path: Path) -> None:
    home.session(1)
    before = home.picture()
    first = retag(home)
    second = retag(home, "codex-lb", "third")

    assert first != second
    assert refused("undo", first) == (
        f"The run {second} has retagged some of the same sessions since:"
        f" undo it first with `codexlb sessions undo {second}`."
    )
    undo(second)
    undo(first)
    assert home.picture() == before
    assert refused("undo", first) == f"The run {first} is undone already."
    assert len(retags(tmp_path)) == 2


def test_since_leaves_older_sessions_alone(home: SmallHome) -> None:
    old, new = home.session(1), home.session(2)
    os.utime(new)
    home.row(identifier(8), "openai")  # of a session whose file is gone

    retag(home, "openai", "codex-lb", "--since", "7d")

    assert set(providers(old)) == {"openai"}
    assert set(providers(new)) == {"codex-lb"}
    assert home.rows() == {identifier(1): "openai", identifier(2): "codex-lb", identifier(8): "openai"}


def test_a_row_without_a_file_changes_too(home: SmallHome) -> None:
    home.row(identifier(8), "openai")

    stamp = retag(home)

    assert home.rows() == {identifier(8): "codex-lb"}
    undo(stamp)
    assert home.rows() == {identifier(8): "openai"}


def test_sessions_without_any_database_change(home: SmallHome) -> None:
    path = home.write(1, meta(identifier(1)))

    stamp = retag(home)

    assert providers(path) == ["codex-lb"]
    undo(stamp)
    assert providers(path) == ["openai"]


def test_what_an_older_tool_left_half_changed_is_mended(home: SmallHome) -> None:
    path = home.write(1, meta(identifier(1), "codex-lb"), settings("openai"), settings("openai"))
    home.row(identifier(1), "codex-lb")

    retag(home)

    assert providers(path) == ["codex-lb"] * 3


def test_a_dry_run_shows_a_table_and_changes_nothing(home: SmallHome, tmp_path: Path) -> None:
    home.session(1)
    home.session(2)
    before, rows = home.picture(), home.rows()

    told = codexlb_sessions("retag", "--from", "openai", "--to", "codex-lb", "--codex-home", home.folder, "--dry-run")

    assert told.exit_code == 0
    assert "Would retag 2 sessions from openai to codex-lb" in told.stdout
    table = [line.split("  ")[0] for line in told.stdout.splitlines()[2:]]
    assert table[0].strip() == "Place"
    assert "6 names in 2 files" in told.stdout
    assert "2 names" in told.stdout
    assert (home.picture(), home.rows()) == (before, rows)
    assert sorted(path.name for path in home.folder.iterdir()) == [
        "sessions", "state_5.sqlite", "thread_history_1.sqlite",
    ]  # fmt: skip
    assert retags(tmp_path) == []


def test_it_asks_and_without_a_person_it_does_nothing(home: SmallHome, tmp_path: Path) -> None:
    home.session(1)
    before = home.picture()

    sentence = refused("retag", "--from", "openai", "--to", "codex-lb", "--codex-home", home.folder)

    assert sentence == "This asks first, and nobody is at the keyboard: add --yes to agree."
    assert home.picture() == before
    assert retags(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (("--from", "a", "--to", "a"), 2, "--from and --to are both a."),
        (("--from", "", "--to", "a"), 2, "Invalid value for '--from': A provider has a name"),
        (("--from", "\udcff", "--to", "a"), 2, "is no text that a file can hold"),
        (("--from", "a", "--to", "b", "--since", "soon"), 2, "'soon' is no time that can be read"),
        (("--from", "a", "--to", "b", "--codex-home", "/no/such/folder"), 1, "Codex has no folder /no/such/folder"),
    ],
    ids=["same", "empty", "no text", "no time", "no folder"],
)
def test_what_makes_no_sense_is_one_sentence(arguments: tuple[str, ...], exit_code: int, sentence: str) -> None:
    assert sentence in refused("retag", *arguments, exit_code=exit_code)


def test_nothing_to_do_says_what_there_is(home: SmallHome) -> None:
    home.session(1)

    told = codexlb_sessions("retag", "--from", "x", "--to", "y", "--codex-home", home.folder, "--yes")

    assert told.exit_code == 0
    assert told.stdout.strip() == (
        f"No session in {home.folder} is of the provider x: nothing to retag. There are some of openai."
    )


def test_undo_without_a_stamp_shows_the_runs(home: SmallHome) -> None:
    assert codexlb_sessions("undo").stdout == "No sessions were retagged yet.\n"
    assert refused("undo", "x") == "No run has the stamp x: there are none."
    home.session(1)
    stamp = retag(home)

    told = codexlb_sessions("undo").stdout

    assert all(word in told for word in (stamp, "openai", "codex-lb", "done"))
    assert refused("undo", "x") == f"No run has the stamp x: there are {stamp}."


def test_a_damaged_file_is_left_alone_with_its_row(home: SmallHome) -> None:
    damaged = home.write(1, b"no zstd", name=f"rollout-x-{identifier(1)}.jsonl.zst")
    home.row(identifier(1), "openai")
    home.session(2)

    told = codexlb_sessions("retag", "--from", "openai", "--to", "p", "--codex-home", home.folder, "--yes")

    assert f"Not read, and left alone: 1 file:\n  {damaged} is damaged" in told.stderr
    assert home.rows() == {identifier(1): "openai", identifier(2): "p"}


def test_at_a_terminal_a_no_changes_nothing(home: SmallHome) -> None:
    home.session(1)
    before = home.picture()

    exit_code, shown = asked(
        types("n\n"), "sessions", "retag", "--from", "openai", "--to", "codex-lb", "--codex-home", home.folder
    )

    assert exit_code == 1
    assert "Retag 1 session from openai to codex-lb? [y/N]" in shown
    assert home.picture() == before
