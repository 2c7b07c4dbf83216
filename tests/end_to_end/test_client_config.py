"""`codexlb client-config` on a configuration that somebody has, and then the real Codex CLI with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.addons.key_lab import a_key
from tests.end_to_end.codex_cli import QUIET, CodexHome
from tests.end_to_end.codex_versions import CodexVersion
from tests.end_to_end.stage import Stage, codexlb, stage
from tests.end_to_end.test_codex_keys import last_message, wait_until_known

pytestmark = pytest.mark.codex

NOWHERE = "http://127.0.0.1:9"

CONFIG = f"""\
# Codex, as it was before
model = "gpt-5.5"  # the good one
model_reasoning_effort = 'high'
model_provider = "corp"
{QUIET}
[model_providers.corp]
name = "Corp"
base_url = "{NOWHERE}/v1"
# wire_api = "chat"

[projects."/home/ann/work"]
trust_level = "trusted"
[mcp_servers]

[tui]
notifications = true # end"""


def person(setting: Stage, codex: Path, config: str = CONFIG) -> CodexHome:
    """Somebody with this configuration."""
    return CodexHome(codex, setting.folder / "client", config, NOWHERE)


def configured(setting: Stage, client: CodexHome, *arguments: str) -> str:
    """What `codexlb client-config ARGUMENTS --yes` tells that person."""
    where = ("--codex-home", str(client.folder / ".codex"))
    return codexlb(setting.folder, "client-config", *where, "--yes", *arguments)


def content(client: CodexHome) -> bytes:
    return (client.folder / ".codex" / "config.toml").read_bytes()


@pytest.mark.parametrize("config", [CONFIG, "\ufeff" + CONFIG.replace("\n", "\r\n"), QUIET], ids=["LF", "CRLF", "bare"])
def test_a_turn_and_the_way_back(codex: Path, tmp_path: Path, config: str) -> None:
    with stage(tmp_path, "x:pro") as setting:
        client = person(setting, codex, config)
        (client.folder / ".codex" / "config.toml").write_bytes(config.encode())
        told = configured(setting, client, "--base-url", setting.proxy.origin)
        served = client.turn("say one word")
        configured(setting, client, "--remove")

    assert 'codex exec "say hi"' in told
    assert (served.exit_code, served.complaints) == (0, [])
    assert served.text
    assert [row.outcome for row in setting.rows()] == ["completed"]
    assert_as_before(client, config)


def test_a_key_comes_from_the_variable_that_is_named(codex: Path, tmp_path: Path) -> None:
    with stage(tmp_path, "x:pro") as setting:
        key = a_key(setting.home, "laptop")
        wait_until_known(setting, key)
        client = person(setting, codex)
        told = configured(setting, client, "--base-url", setting.proxy.origin, "--key-env", "CODEXLB_TEST_KEY")
        unset = client.turn("say one word")
        client.variables["CODEXLB_TEST_KEY"] = key
        served = client.turn("say one word")
        changed = content(client)
        configured(setting, client, "--remove")

    assert "export CODEXLB_TEST_KEY=" in told
    assert "Missing environment variable: `CODEXLB_TEST_KEY`" in last_message(unset)
    assert (served.exit_code, served.complaints) == (0, [])
    assert [row.outcome for row in setting.rows()] == ["completed"]
    assert key.encode() not in changed
    assert_as_before(client, CONFIG)


def assert_as_before(client: CodexHome, config: str) -> None:
    """The first bytes are back; 0.136 trusts a folder that it worked in, and writes all lines anew when it does."""
    now, trusted = content(client), f'\n[projects."{client.work}"]\ntrust_level = "trusted"\n'
    if trusted.encode() in now:
        now = now.replace(trusted.encode(), b"").rstrip()
        config = config.removeprefix("\ufeff").replace("\r\n", "\n").rstrip()
    assert now == config.encode()


def test_codex_goes_on_editing_the_file_and_it_is_undone_all_the_same(version: CodexVersion, tmp_path: Path) -> None:
    """Codex itself adds a table to the file; what was there before and what it added both stay."""
    with stage(tmp_path, "x:pro") as setting:
        client = person(setting, version.program)
        configured(setting, client, "--base-url", setting.proxy.origin)
        added = ("mcp", "add", "docs", "--", "docs-server", "--fast")
        subprocess.run([version.program, *added], env=client.environment(), check=True, capture_output=True, timeout=60)
        assert b"docs-server" in content(client)
        configured(setting, client, "--remove")

    after = content(client).decode()
    assert "codex-lb" not in after
    assert 'model_provider = "corp"\n' in after
    assert "docs-server" in after
    rest = iter(after.splitlines())
    assert [line for line in CONFIG.splitlines() if line not in rest and line != "[mcp_servers]"] == []


def test_a_profile_leads_to_the_proxy_and_nothing_else_does(version: CodexVersion, tmp_path: Path) -> None:
    """0.105 has its profiles in config.toml, later ones have a file for each."""
    with stage(tmp_path, "x:pro") as setting:
        client = person(setting, version.program)
        told = configured(setting, client, "--profile", "lb", "--base-url", setting.proxy.origin)
        served = client.turn("--profile", "lb", "say one word")
        configured(setting, client, "--profile", "lb", "--remove")

    assert 'codex exec --profile lb "say hi"' in told
    assert (served.exit_code, served.complaints) == (0, [])
    assert_as_before(client, CONFIG)
    assert not (client.folder / ".codex" / "lb.config.toml").exists()


def test_one_of_several_providers_is_chosen_for_a_turn(codex: Path, tmp_path: Path) -> None:
    with stage(tmp_path, "x:pro") as setting:
        client = person(setting, codex)
        configured(setting, client, "--provider", "far", "--base-url", "https://lb.example.com", "--no-default")
        configured(setting, client, "--provider", "near", "--base-url", setting.proxy.origin, "--no-default")
        served = client.turn("-c", "model_provider=near", "say one word")

    assert (served.exit_code, served.complaints) == (0, [])
    assert b'model_provider = "corp"\n' in content(client)
