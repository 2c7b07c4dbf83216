"""`codexlb accounts refresh`, `check` and `import --refresh`: the issuer and the upstream are asked, for real."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import Result

from addons.upkeep import refresher
from codexlb_store import writer
from codexlb_store.account_views import account_views
from codexlb_store.accounts import AccountStatus, set_state
from codexlb_store.home import home_folder
from codexlb_store.windows import used_now
from scripts.accounts.upkeep import unlogged
from scripts.data_folder import DataFolder
from scripts.simulator.account import AccountChange, Condition, WindowChange
from scripts.simulator.client import SimulatorProcess
from scripts.simulator.faults import Act, Fault
from tests.processes import command
from tests.scripts.accounts.people import access_tokens, codexlb_accounts, refused, stored
from tests.scripts.logins import auth_json, jwt

NOBODY = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


@pytest.fixture
def sim() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("ann:plus,bob:pro") as running:
        yield running


@pytest.fixture
def logins(sim: SimulatorProcess, tmp_path: Path) -> Path:
    """A folder with both logins, imported."""
    folder = tmp_path / "logins"
    sim.write_auth(folder)
    assert codexlb_accounts("import", folder).exit_code == 0
    return folder


def refresh(sim: SimulatorProcess, *names: str) -> Result:
    return codexlb_accounts("refresh", *names, "--issuer", sim.origin)


def check(sim: SimulatorProcess, *names: str) -> Result:
    return codexlb_accounts("check", *names, "--upstream", sim.origin, "--issuer", sim.origin)


def paths(sim: SimulatorProcess) -> list[str]:
    return [entry.path for entry in sim.log()]


def test_a_refresh_brings_new_tokens_to_whom_it_names(sim: SimulatorProcess, logins: Path) -> None:
    ann, bob = access_tokens()

    result = refresh(sim, "ann")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Refreshed ann@example.com (plus, ")
    assert ", good until " in result.stdout
    assert [token == before for token, before in zip(access_tokens(), (ann, bob), strict=True)] == [False, True]
    assert paths(sim) == ["/oauth/token"]


def test_a_login_that_is_dead_names_what_helps_and_the_others_are_refreshed(
    sim: SimulatorProcess, logins: Path
) -> None:
    sim.change("ann", AccountChange(refresh_tokens="revoked"))

    result = refresh(sim, "ann", "bob")

    assert result.exit_code == 1
    assert result.stdout.startswith("Refreshed bob@example.com")
    assert result.stderr == (
        "Error: ann@example.com could not be refreshed, the refresh token has been revoked "
        "(refresh_token_invalidated): run `codexlb accounts login --account ann@example.com`.\n"
    )


def test_an_issuer_that_is_not_there_is_one_sentence_and_nobodys_end(sim: SimulatorProcess, logins: Path) -> None:
    sentence = refused(codexlb_accounts("refresh", "ann", "--issuer", NOBODY))

    assert sentence == (
        "ann@example.com could not be refreshed, the issuer cannot be reached (issuer_unreachable): try again later."
    )
    assert [account.state for account in stored()] == [AccountStatus.ACTIVE] * 2


def test_who_interrupts_a_refresh_loses_nothing(sim: SimulatorProcess, logins: Path) -> None:
    """What the issuer has begun to do is waited for: its answer reaches the store."""
    before = access_tokens()
    sim.script(Fault(path="/oauth/token", act=Act.SILENCE, seconds=2))
    line = [command("codexlb"), "accounts", "refresh", "ann", "--issuer", sim.origin]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while "/oauth/token" not in paths(sim):
            assert time.monotonic() < deadline, "the issuer was not asked"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=20)

    assert (process.returncode, said) == (1, "")
    assert complaints.startswith("Waiting for the issuer's answer")
    assert complaints.endswith("Aborted!\n")
    assert "Traceback" not in complaints
    assert access_tokens()[0] != before[0]


@pytest.mark.parametrize("words", [["refresh", "ann"], ["check"], ["import", "--yes"]])
def test_an_issuer_that_is_none_is_a_mistake_of_use(words: list[str]) -> None:
    result = codexlb_accounts(*words, "--issuer", "auth.openai.com")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "'auth.openai.com' is not an origin" in " ".join(result.stderr.split())


@pytest.mark.parametrize("words", [["check"], ["refresh", "ann", "bob"]], ids=["check", "refresh"])
@pytest.mark.parametrize("place", ["environment", "file"])
def test_where_nothing_is_said_the_settings_name_the_origins(
    sim: SimulatorProcess, logins: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], place: str
) -> None:
    if place == "file":
        lines = (f'codexlb_{name} = "{sim.origin}"\n' for name in ("upstream", "issuer"))
        (home_folder(os.environ) / "config.toml").write_text("".join(lines))
    else:
        for name in ("CODEXLB_UPSTREAM", "CODEXLB_ISSUER"):
            monkeypatch.setenv(name, sim.origin)

    result = codexlb_accounts(*words)

    assert (result.exit_code, result.stderr) == (0, "")
    assert paths(sim)


def test_settings_that_cannot_be_right_end_the_command_and_not_its_help(
    logins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEXLB_ISSUER", "auth.openai.com")

    sentence = refused(codexlb_accounts("refresh", "ann"))

    assert sentence.startswith("The variable CODEXLB_ISSUER cannot be used: codexlb_issuer: 'auth.openai.com' is no")
    assert "[default: https://auth.openai.com]" in " ".join(codexlb_accounts("refresh", "--help").stdout.split())


def test_a_check_shows_what_the_upstream_says_of_all(sim: SimulatorProcess, logins: Path, folder: DataFolder) -> None:
    sim.change("ann", AccountChange(windows=(WindowChange(minutes=300, used_percent=64),)))

    result = check(sim)

    assert (result.exit_code, result.stderr) == (0, "")
    assert "ann@example.com · plus" in result.stdout
    assert "bob@example.com · pro" in result.stdout
    assert "64%" in result.stdout
    ann, bob = account_views(folder.db, 0.0, [])
    assert {window.minutes: used_now(window, 0.0) for window in ann.windows}[300] == 64.0
    assert bob.windows


def test_a_check_of_one_asks_about_that_one_only(sim: SimulatorProcess, logins: Path) -> None:
    result = check(sim, "bob")

    assert result.exit_code == 0
    assert "ann@example.com" not in result.stdout
    assert {entry.account for entry in sim.log()} == {"bob"}


def test_a_check_says_what_is_wrong_and_what_to_do(sim: SimulatorProcess, logins: Path) -> None:
    sim.change("ann", AccountChange(access_tokens="revoked", refresh_tokens="revoked"))

    result = check(sim)

    assert result.exit_code == 1
    assert "bob@example.com" in result.stdout
    assert result.stderr == (
        "Error: ann@example.com: the refresh token has been revoked (refresh_token_invalidated).\n"
        "ann@example.com needs a login: run `codexlb accounts login --account ann@example.com`.\n"
    )
    assert [account.state for account in stored()] == [AccountStatus.NEEDS_LOGIN, AccountStatus.ACTIVE]


def test_a_check_finds_the_deactivated_and_brings_them_back(sim: SimulatorProcess, logins: Path) -> None:
    sim.change("ann", AccountChange(condition=Condition.DEACTIVATED))
    result = check(sim, "ann")

    assert result.exit_code == 1
    assert "ann@example.com: the account is deactivated (account_deactivated)." in result.stderr
    assert [account.state for account in stored()] == [AccountStatus.DEACTIVATED, AccountStatus.ACTIVE]

    sim.change("ann", AccountChange(condition=Condition.ACTIVE))

    assert check(sim, "ann").exit_code == 0
    assert [account.state for account in stored()] == [AccountStatus.ACTIVE] * 2


def test_a_check_without_accounts_says_how_to_add_one(sim: SimulatorProcess) -> None:
    assert check(sim).stdout.startswith("No accounts yet")


def test_an_import_with_refresh_makes_every_other_copy_dead(
    sim: SimulatorProcess, tmp_path: Path, folder: DataFolder
) -> None:
    codex_file = Path(os.environ["CODEX_HOME"]) / "auth.json"
    codex_file.parent.mkdir()
    codex_file.write_text(sim.auth_json("ann"))

    result = codexlb_accounts("import", "--yes", "--refresh", "--issuer", sim.origin)

    assert result.exit_code == 0
    assert [line.split("@")[0] for line in result.stdout.splitlines()] == ["Added ann", "Refreshed ann"]
    assert result.stderr.startswith("Codex-LB alone can refresh the login of ann@example.com now.")
    assert f"Move {codex_file} away" in result.stderr

    again = codexlb_accounts("import", codex_file)

    assert again.stdout.startswith("Kept the newer tokens of ann@example.com")
    assert again.stderr == ""


def test_an_import_whose_refresh_fails_is_in_all_the_same(sim: SimulatorProcess, tmp_path: Path) -> None:
    file = tmp_path / "auth.json"
    file.write_text(sim.auth_json("ann"))
    sim.change("ann", AccountChange(refresh_tokens="expired"))

    result = codexlb_accounts("import", file, "--refresh", "--issuer", sim.origin)

    assert result.exit_code == 1
    assert result.stdout.startswith("Added ann@example.com")
    assert "the refresh token has expired (refresh_token_expired)" in result.stderr
    assert [account.email for account in stored()] == ["ann@example.com"]


def test_a_login_without_a_refresh_token_has_nothing_to_take_over(sim: SimulatorProcess, tmp_path: Path) -> None:
    file = tmp_path / "auth.json"
    file.write_text(auth_json(token=jwt({"exp": 4e9}), refresh_token=None))

    result = codexlb_accounts("import", file, "--refresh", "--issuer", sim.origin)

    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: The login of ann@example.com has no refresh token")
    assert paths(sim) == []


def test_tokens_stand_in_nothing_that_is_shown(sim: SimulatorProcess, logins: Path, folder: DataFolder) -> None:
    set_state(folder.db, stored()[0].id, AccountStatus.PAUSED, None)
    results = [check(sim), refresh(sim, "ann", "bob"), *(codexlb_accounts(*words) for words in (
        ("list",), ("list", "--json"), ("show", "ann"), ("show", "ann", "--json"), ("resume", "ann")))]  # fmt: skip

    shown = "".join(result.output for result in results)
    assert [token for token in access_tokens() if token in shown] == []


@pytest.mark.parametrize("module", [refresher, writer], ids=["refresher", "writer"])
def test_what_is_for_a_proxys_log_is_not_for_the_terminal(module: ModuleType) -> None:
    logger = logging.getLogger(module.__name__)

    with unlogged():
        assert not logger.isEnabledFor(logging.ERROR)
    assert logger.isEnabledFor(logging.ERROR)
