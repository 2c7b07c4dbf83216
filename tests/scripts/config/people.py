"""`codexlb config` as a person runs it."""

from __future__ import annotations

import os
from pathlib import Path

from click.testing import CliRunner, Result

from codexlb_store.processes import Conduct, InForce
from scripts.cli import main

ELSEWHERE = Conduct(
    "0.1.0",
    (("127.0.0.1", 2455), ("::1", 2455)),
    False,
    {
        "codexlb_strategy": InForce("usage_weighted", "command line"),
        "codexlb_poll_seconds": InForce(9, "environment"),
        "codexlb_auth": InForce("auto", "default"),
        "listen_port": InForce(2455, "default"),
    },
)
"""A proxy that somebody started with options of its own."""


def codexlb_config(*arguments: str | Path) -> Result:
    """What `codexlb config ARGUMENTS` does."""
    return CliRunner().invoke(main, ["config", *map(str, arguments)])


def done(*arguments: str | Path) -> str:
    """The same where it works: what it prints."""
    result = codexlb_config(*arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def refused(*arguments: str | Path) -> str:
    """The same where it does not: its one sentence."""
    result = codexlb_config(*arguments)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").rstrip("\n")


def home() -> Path:
    return Path(os.environ["CODEXLB_HOME"])


def file() -> Path:
    return home() / "config.toml"


def write(text: str) -> None:
    home().mkdir(exist_ok=True)
    file().write_bytes(text.encode())
