"""The file of settings as it lies there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from addons.settings.file_text import MOST_BYTES, look, read_text
from addons.settings.settings_error import SettingsError


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_text(tmp_path / "config.toml") == ""
    assert look(tmp_path / "config.toml") == ()


def test_what_is_no_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read \(Is a directory\): see to it that you may read it\."):
        read_text(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")

    with pytest.raises(SettingsError, match=r"config\.toml is a pipe or a device: put a file there, or remove it\."):
        read_text(tmp_path / "config.toml")


def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to("/dev/zero")

    with pytest.raises(SettingsError, match="is a pipe or a device"):
        read_text(tmp_path / "config.toml")


def test_what_is_too_large_for_settings_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"#" * MOST_BYTES)
    assert len(read_text(tmp_path / "config.toml")) == MOST_BYTES

    (tmp_path / "config.toml").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(SettingsError, match=r"has more than 1000000 bytes, which no settings need: make it shorter\."):
        read_text(tmp_path / "config.toml")


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    with pytest.raises(SettingsError, match=r"config\.toml cannot be read \(Not a directory\)"):
        read_text(tmp_path / "home" / "config.toml")
    assert look(tmp_path / "home" / "config.toml") != ()


def test_what_is_not_utf_8_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"# gr\xfc\xdfe")

    with pytest.raises(SettingsError, match=r"is not UTF-8 \(byte 5\), which TOML must be: save it as UTF-8\."):
        read_text(tmp_path / "config.toml")


def test_a_file_that_was_replaced_looks_different_also_behind_a_link(tmp_path: Path) -> None:
    there, draft, link = (tmp_path / name for name in ("there", "draft", "config.toml"))
    there.write_text("a")
    link.symlink_to(there)
    before = look(link)
    assert look(link) == before

    draft.write_text("b")
    draft.replace(there)

    assert look(link) != before
