"""What the laboratory looks for it also finds."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.end_to_end.lab import leaks, own_login, secrets_in

SECRET = "rt-canary?>of 40 characters or thereabouts"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(b"", False, id="nothing"),
        pytest.param(SECRET[:-1].encode(), False, id="a part only"),
        pytest.param(b"token=" + SECRET.encode() + b";", True, id="plain"),
        pytest.param(base64.b64encode(SECRET.encode()), True, id="base64"),
        pytest.param(base64.b64encode(b"x" + SECRET.encode() + b"yz"), True, id="base64, one byte on"),
        pytest.param(base64.b64encode(b"xy" + SECRET.encode()), True, id="base64, two bytes on"),
        pytest.param(base64.urlsafe_b64encode(b"xyz" + SECRET.encode()), True, id="base64 for URLs"),
    ],
)
def test_a_secret_is_found_however_it_was_written_down(data: bytes, found: bool, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "dump").write_bytes(data)

    assert bool(leaks([SECRET], [tmp_path])) is found
    assert bool(leaks([SECRET], [tmp_path / "folder" / "dump"])) is found


def test_a_login_of_the_clients_own_has_tokens() -> None:
    assert all(len(secret) > 20 for secret in secrets_in(own_login()))
