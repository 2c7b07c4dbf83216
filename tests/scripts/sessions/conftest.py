"""Codex's folder for the tests of `codexlb sessions`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.sessions.rollouts import SmallHome


@pytest.fixture
def home(tmp_path: Path) -> SmallHome:
    return SmallHome(tmp_path / "codex-home")
