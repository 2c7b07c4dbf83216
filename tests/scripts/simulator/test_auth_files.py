from __future__ import annotations

import stat
from pathlib import Path

from scripts.simulator.auth_files import write_auth_files


def test_each_account_gets_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    paths = write_auth_files(tmp_path / "deep" / "logins", {"alice": "{}", "bob": "[]"})

    assert {path.name: path.read_text() for path in paths} == {"alice.json": "{}", "bob.json": "[]"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
