"""The command line as a whole: what becomes of output that nobody can take."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.processes import command


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", ["prices", "prices --json", "--help", "accounts list", "report"])
def test_output_into_a_full_place_is_one_sentence(arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [command("codexlb"), *arguments.split()],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip

    expected = "Error: The output cannot be written (No space left on device): make room, and run the command again."
    assert (done.returncode, done.stderr.splitlines()) == (1, [expected])


def test_a_reader_that_has_left_is_no_trouble() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{command('codexlb')} prices --json | head -c 1"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("{", "")
