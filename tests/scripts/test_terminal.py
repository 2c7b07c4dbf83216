"""How wide people read."""

from __future__ import annotations

import os
import subprocess

from tests.processes import command


def test_a_width_that_is_not_known_is_the_usual_one() -> None:
    """COLUMNS=0 says that it is not."""
    shown = [
        subprocess.run(
            [command("codexlb"), "prices"],
            env=os.environ | {"COLUMNS": columns}, capture_output=True, text=True, check=True, timeout=60,
        ).stdout
        for columns in ("0", "80")
    ]  # fmt: skip

    assert "gpt-5.5" in shown[0]
    assert shown[0] == shown[1]
