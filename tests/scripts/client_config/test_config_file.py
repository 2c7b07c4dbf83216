from __future__ import annotations

from pathlib import Path

import pytest

from scripts.client_config.config_file import ConfigFile, ConfigFileError, back_up, read_config, replace_config

NOW = 1_790_000_000.0


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    file = ConfigFile(tmp_path / "f", b"\xef\xbb\xbfa = 1\r\n")

    assert file.text == "a = 1\r\n"
    assert file.content_with("b") == b"\xef\xbb\xbfb"
    assert ConfigFile(tmp_path / "f", None).content_with("b") == b"b"


def test_what_is_no_utf8_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match=r"not UTF-8 \(byte 2\)"):
        _ = ConfigFile(tmp_path / "f", b"a\xff").text


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert read_config(tmp_path / "none").content is None
    with pytest.raises(ConfigFileError, match="Is a directory"):
        read_config(tmp_path)


def test_backups_of_one_second_stand_beside_each_other(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"x")
    path.chmod(0o640)

    first, second = (back_up(read_config(path), NOW) for _ in range(2))

    assert (first.name, second.name) == ("config.toml.20260921T141320Z.bak", "config.toml.20260921T141320Z-2.bak")
    assert {(file.read_bytes(), file.stat().st_mode & 0o777) for file in (first, second)} == {(b"x", 0o640)}


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"x")
    path.chmod(mode)

    replace_config(read_config(path), b"y")

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"y", mode)
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    replace_config(read_config(path), b"y")

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"y", 0o600)


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_stays_one(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "dotfiles" / "codex.toml", tmp_path / "config.toml"
    target.parent.mkdir()
    link.symlink_to("dotfiles/codex.toml")
    if there:
        target.write_bytes(b"x")

    replace_config(read_config(link), b"y")

    assert link.is_symlink()
    assert target.read_bytes() == b"y"
    assert [path.name for path in target.parent.iterdir()] == ["codex.toml"]


def test_a_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"x")

    replace_config(read_config(path), None)

    assert not path.exists()


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    file = read_config(path)
    path.mkdir()
    (path / "in the way").touch()

    with pytest.raises(OSError):
        replace_config(ConfigFile(path, None), b"y")
    assert file.content is None
    assert list(tmp_path.iterdir()) == [path]
