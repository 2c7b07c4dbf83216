"""`codexlb client-config` as a person runs it."""

from __future__ import annotations

import os
from pathlib import Path

from click.testing import CliRunner, Result

from scripts.cli import main

CONFIG = """\
# my Codex
model = "gpt-5.5"   # the good one
approval_policy = "on-request"

[projects."/home/ann/work"]
trust_level = "trusted"
"""

ADDED = """\

[model_providers.codex-lb]
name = "OpenAI"
base_url = "http://127.0.0.1:2455/backend-api/codex"
wire_api = "responses"
"""

CONFIGURED = CONFIG.replace("\n\n[", '\nmodel_provider = "codex-lb"\n\n[') + ADDED


def client_config(*arguments: str | Path) -> Result:
    """What `codexlb client-config ARGUMENTS` does; nobody is at the keyboard."""
    return CliRunner().invoke(main, ["client-config", *map(str, arguments)])


def done(*arguments: str | Path) -> str:
    """The same where it works without being asked: what it prints."""
    result = client_config("--yes", *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def home() -> Path:
    """Codex's folder of the test."""
    return Path(os.environ["CODEX_HOME"])


def config(name: str = "config.toml") -> Path:
    return home() / name


def write(text: str, name: str = "config.toml") -> bytes:
    """Puts a file there; returns its bytes."""
    home().mkdir(exist_ok=True)
    config(name).write_bytes(text.encode())
    return text.encode()


def files() -> dict[str, bytes]:
    """All that is in Codex's folder."""
    return {path.name: path.read_bytes() for path in home().iterdir()} if home().exists() else {}


def install_codex(folder: Path, version: str) -> str:
    """A PATH with a `codex` on it that has this version and can do nothing else."""
    program = folder / "codex"
    program.write_text(f"#!/bin/sh\necho codex-cli {version}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"
