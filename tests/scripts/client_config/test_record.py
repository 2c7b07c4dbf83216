from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.client_config.change import Step
from scripts.client_config.record import FILE_NAME, Entry, RecordError, forgotten, load_record, merged, save_record

CHOICE, URL = ("model_provider",), ("model_providers", "a", "base_url")
A = Entry("config.toml", "a", (Step(CHOICE, "a", '"openai"'),), (URL[:2],), False, "x.bak", "digest a")
B = Entry("config.toml", "b", (Step(CHOICE, "b", '"a"'),), (), False, "y.bak", "digest b")


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert load_record(tmp_path) == ()

    save_record(tmp_path, [A, B])

    assert load_record(tmp_path) == (A, B)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    save_record(tmp_path, ())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"entries": [{"file": 1}]}', '{"entries": [1]}'])
def test_a_damaged_record_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)

    with pytest.raises(RecordError, match="is damaged"):
        load_record(tmp_path)


def test_a_record_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()

    with pytest.raises(RecordError, match="cannot be read"):
        load_record(tmp_path)


def test_of_two_runs_what_the_first_found_counts() -> None:
    later = Entry("config.toml", "a", (Step(CHOICE, "a2", '"a"'), Step(URL, "u", None)), (), False, None, "digest 2")

    both = merged(A, later, "digest a")

    assert both.steps == (Step(CHOICE, "a2", '"openai"'), Step(URL, "u", None))
    assert (both.made, both.backup, both.digest) == (A.made, "x.bak", "digest 2")
    assert merged(None, later, "digest a") == later


def test_what_somebody_changed_between_two_runs_counts_instead() -> None:
    later = Entry("config.toml", "a", (Step(CHOICE, "a", '"other"'),), (), False, None, "digest 2")

    both = merged(A, later, "digest of what somebody wrote")

    assert both.steps == later.steps
    assert both.backup is None


def test_what_an_undone_entry_replaced_is_passed_on() -> None:
    assert forgotten([A, B], A) == (replace(B, steps=(Step(CHOICE, "b", '"openai"'),)),)
    assert forgotten([A, B], B) == (A,)
    elsewhere = replace(B, file="p.config.toml")
    assert forgotten([A, elsewhere], A) == (elsewhere,)
