"""The README's services and its backup: the files are well-formed, and their commands do what they are said to."""

from __future__ import annotations

import configparser
import json
import os
import plistlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import StartProxy
from tests.ports import free_port
from tests.processes import ProxyProcess, command, run
from tests.sources import ROOT

README = (ROOT / "README.md").read_text()
BIN = str(Path(command("codexlb")).parent)


def chapter(title: str) -> str:
    """What stands under a heading of the third level."""
    found = re.search(rf"^### {title}\n(.*?)^##", README, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def blocks(text: str, language: str) -> list[str]:
    """Its code blocks in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def unit() -> configparser.ConfigParser:
    """The README's systemd unit."""
    (text,) = blocks(chapter("As a service"), "ini")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read_string(text)
    return parser


def launchd() -> dict[str, object]:
    """The README's launchd file."""
    (text,) = blocks(chapter("As a service"), "xml")
    loaded: dict[str, object] = plistlib.loads(text.encode())
    return loaded


def arguments_of_services() -> list[list[str]]:
    """What each service runs, behind the program's name."""
    started = [shlex.split(unit()["Service"]["ExecStart"]), launchd()["ProgramArguments"]]
    assert all(isinstance(words, list) and words[0].endswith("/.venv/bin/codexlb") for words in started)
    return [[str(word) for word in words[1:]] for words in started if isinstance(words, list)]


def typed(block: str, home: Path) -> None:
    """Type the lines of a block into one shell, in a checkout whose virtual environment is this one's."""
    done = subprocess.run(
        ["bash", "-euc", block.replace(".venv/bin/", f"{shlex.quote(BIN)}/")],
        env={"HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def pool() -> list[tuple[str, str, str]]:
    """Every account's id, name and status."""
    return [(row["id"], row["email"], row["status"]) for row in json.loads(run("accounts", "list", "--json"))]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    (text,) = blocks(chapter("As a service"), "ini")
    file = tmp_path / "codexlb.service"
    file.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={command('codexlb')}", text, flags=re.MULTILINE))

    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", file], capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip

    assert [line for line in done.stderr.splitlines() if "codexlb.service" in line] == []


def test_a_service_that_is_ended_ends_well_and_is_not_started_again(tmp_path: Path) -> None:
    assert unit()["Service"]["Restart"] == "on-failure"
    assert launchd()["KeepAlive"] == {"SuccessfulExit": False}
    for arguments in arguments_of_services():
        port = free_port()
        line = [command("codexlb"), *arguments, "--port", str(port)]
        with ProxyProcess(line, port, tmp_path / "service.log") as service:
            service.stop()

            assert service.exit_code == 0


def test_a_backup_made_beside_a_running_proxy_restores_every_account(
    accounts: list[Path], proxy: StartProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands as they stand there; the data folder is the one they name."""
    assert accounts
    home = tmp_path / "home"
    home.mkdir()
    shutil.move(tmp_path / "codexlb-home", home / ".codex-lb")
    monkeypatch.setenv("CODEXLB_HOME", str(home / ".codex-lb"))
    before = pool()
    save, restore = blocks(chapter("Backup and restore"), "console")

    running = proxy()
    typed(save, home)
    running.stop()
    backup = home / "codexlb-backup"
    assert {path.name: path.stat().st_mode & 0o077 for path in backup.iterdir()} == {"codexlb.db": 0, "codexlb.key": 0}
    run("accounts", "remove", "--yes", before[0][0])
    assert pool() == before[1:]
    typed(restore, home)

    assert pool() == before
    assert "cannot" not in proxy().log()


def test_uninstalling_leaves_nothing_of_ours(tmp_path: Path) -> None:
    """But for the service, which is systemd's to end."""
    home = tmp_path / "home"
    (home / ".codex").mkdir(parents=True)
    config = home / ".codex" / "config.toml"
    config.write_text('model = "gpt-5.5"\n')
    typed("codexlb client-config --yes && codexlb prices", home)
    (text,) = blocks(chapter("Uninstalling"), "console")

    lines = [line for line in text.splitlines() if not line.startswith("systemctl")]
    typed("mkdir -p ~/.codex-lb\n" + "\n".join(lines).replace("--remove", "--remove --yes"), home)

    assert config.read_text() == 'model = "gpt-5.5"\n'
    assert not (home / ".codex-lb").exists()
