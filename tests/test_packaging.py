"""The wheel that people install: what is in it, and that it works away from the source folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.sources import ROOT, modules

SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Built offline, with the build backend alone."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    [path] = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture
def installed(wheel: zipfile.ZipFile, tmp_path: Path) -> Path:
    """A folder that holds the wheel's content and nothing else."""
    wheel.extractall(tmp_path / "site")
    return tmp_path / "site"


def test_the_wheel_holds_the_three_rooms_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    [about] = {name for name in tops if name.endswith(".dist-info")}

    assert tops - {about} == {"addons", "codexlb_store", "scripts"}


def test_the_wheel_holds_every_module_and_the_price_table(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())

    assert {module.path for module in modules()} <= names
    assert "codexlb_store/prices.toml" in names


def test_the_wheel_holds_the_dashboards_templates_and_files(wheel: zipfile.ZipFile) -> None:
    folder = ROOT / "addons" / "web"
    files = {str(path.relative_to(ROOT)) for path in folder.rglob("*.*") if path.suffix not in (".py", ".pyc")}

    assert "addons/web/templates/login.html" in files
    assert files <= set(wheel.namelist())


def test_the_metadata_names_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    headers = HeaderParser().parsestr(wheel.read(metadata).decode())
    [points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]

    assert headers["Name"] == "codexlb"
    assert headers["License-Expression"] == "MIT"
    assert "codexlb = scripts.cli:main" in wheel.read(points).decode()


def test_the_installed_command_runs_from_any_folder(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("codexlb")
    done = subprocess.run(
        [command, "--help"], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=SECONDS
    )

    assert "Use several ChatGPT accounts as one from Codex." in done.stdout
    assert done.stderr == ""


def test_the_wheel_runs_without_the_source_folder(installed: Path, tmp_path: Path) -> None:
    """Every subcommand loads from the unpacked wheel: no module and no data file is missing."""
    program = (
        "import click, pathlib, scripts.cli as cli\n"
        f"assert pathlib.Path(cli.__file__).is_relative_to({str(installed)!r}), cli.__file__\n"
        "from codexlb_store.pricing import load_prices\n"
        "assert load_prices()\n"
        "context = click.Context(cli.main)\n"
        "for name in cli.main.list_commands(context):\n"
        "    print(cli.main.get_command(context, name).get_help(context))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout
