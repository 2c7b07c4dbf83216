"""The proxy's own settings, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from addons.settings.catalog import SERVE_DEFAULTS
from scripts.doctor.finding import Verdict
from scripts.doctor.settings import check_settings, see_settings


def test_nothing_is_set(tmp_path: Path) -> None:
    seen = see_settings(tmp_path, {})

    assert seen.values == SERVE_DEFAULTS
    assert [(one.verdict, one.sentence) for one in check_settings(seen)] == [
        (Verdict.OK, "All settings have their defaults.")
    ]


def test_the_environment_counts_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('codexlb_poll_seconds = 60\ncodexlb_upstream = "http://127.0.0.1:1"\n')
    seen = see_settings(tmp_path, {"CODEXLB_UPSTREAM": "http://127.0.0.1:2", "HOME": "/"})

    assert (seen.values["codexlb_upstream"], seen.values["codexlb_poll_seconds"]) == ("http://127.0.0.1:2", 60)
    assert check_settings(seen)[0].sentence == "2 of the settings are set by you."


def test_bad_values_are_told_and_the_good_ones_count(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("codexlb_strategie = 1\n")
    environ = {"CODEXLB_POLL_SECONDS": "often", "CODEXLB_UPSTREAM": "http://127.0.0.1:2", "CODEXLB_STRATEGIE": "x"}
    seen = see_settings(tmp_path, environ)
    found = check_settings(seen)

    assert seen.values["codexlb_upstream"] == "http://127.0.0.1:2"
    assert [(one.verdict, one.mend) for one in found] == [
        (Verdict.WARNING, None),
        (Verdict.ERROR, "unset CODEXLB_POLL_SECONDS"),
        (Verdict.ERROR, "codexlb config edit"),
    ]
    assert "did you mean CODEXLB_STRATEGY?" in found[0].sentence
    assert "line 1" in found[2].sentence


@pytest.mark.parametrize(
    ("folder", "file", "is_told"),
    [(0o755, 0o666, True), (0o755, 0o620, True), (0o755, 0o644, False), (0o700, 0o666, False)],
)
def test_a_file_that_others_may_change_is_told_of(tmp_path: Path, folder: int, file: int, is_told: bool) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    path.chmod(file)
    tmp_path.chmod(folder)
    [found] = check_settings(see_settings(tmp_path, {}))

    assert (found.verdict is Verdict.ERROR, found.mend == f"chmod 600 {path}") == (is_told, is_told)
