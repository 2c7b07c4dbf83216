from __future__ import annotations

from pathlib import Path

import pytest

from scripts.client_config.change import changed
from scripts.client_config.config_file import ConfigFileError, read_config
from scripts.client_config.proposal import Proposal, to_set_up, to_take_back
from scripts.client_config.record import FILE_NAME, load_record

NOW = 1_790_000_000.0


def proposal(path: Path, provider: str = "p") -> Proposal:
    """To choose this provider in the file at this path."""
    file = read_config(path)
    change = changed(file.text, {("model_provider",): provider})
    return to_set_up(file, change, provider, load_record(path.parent))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("model = 'x'\n")
    return path


def test_what_is_carried_out_is_recorded_and_can_be_taken_back(path: Path) -> None:
    backup = proposal(path).carry_out(NOW)

    assert backup is not None
    [entry] = load_record(path.parent)
    assert (entry.file, entry.provider, entry.backup) == ("config.toml", "p", backup.name)
    to_take_back(read_config(path), entry, [entry]).carry_out(NOW)
    assert path.read_text() == "model = 'x'\n"
    assert load_record(path.parent) == ()


def test_a_file_that_was_changed_while_a_person_was_asked_is_left_alone(path: Path) -> None:
    waiting = proposal(path)
    path.write_text("model = 'y'\n")

    with pytest.raises(ConfigFileError, match="was changed meanwhile"):
        waiting.carry_out(NOW)
    assert path.read_text() == "model = 'y'\n"
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_leaves_everything_as_it_was(path: Path) -> None:
    proposal(path).carry_out(NOW)
    record = (path.parent / FILE_NAME).read_bytes()
    link = path.with_name("work.config.toml")
    link.symlink_to("no folder/config.toml")

    with pytest.raises(FileNotFoundError):
        proposal(link, "q").carry_out(NOW)
    assert (path.parent / FILE_NAME).read_bytes() == record


def test_a_backup_of_what_was_not_written_is_removed(path: Path) -> None:
    before = path.read_bytes()
    path.with_name(FILE_NAME).mkdir()  # so that no record can take its place
    file = read_config(path)
    waiting = to_set_up(file, changed(file.text, {("model_provider",): "p"}), "p", ())

    with pytest.raises(OSError):
        waiting.carry_out(NOW)
    assert path.read_bytes() == before
    assert {one.name for one in path.parent.iterdir()} == {path.name, FILE_NAME}
