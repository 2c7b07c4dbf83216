"""Each trouble of the README's troubleshooting is made for real, found by `codexlb doctor`, and mended as it says."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.doctor.finding import Trouble
from scripts.simulator.account import AccountChange, Condition
from tests.addons.key_lab import a_key
from tests.end_to_end.codex_cli import provider
from tests.end_to_end.stage import Stage, stage
from tests.ports import free_port
from tests.processes import ProxyProcess
from tests.scripts.doctor.household import Household
from tests.scripts.doctor.servers import codex_only
from tests.scripts.sessions.rollouts import SmallHome

WELL = {trouble.value: "ok" for trouble in Trouble}


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A proxy before a simulated ChatGPT, with two accounts and no client key."""
    with stage(tmp_path_factory.mktemp("stage"), "x:plus,y:pro") as running:
        yield running


@pytest.fixture
def person(setting: Stage, tmp_path: Path) -> Household:
    """Somebody whose Codex is set up for that proxy."""
    return configured(setting, tmp_path)


def configured(setting: Stage, folder: Path) -> Household:
    home = Household(folder, setting.simulator.origin, variables={"CODEXLB_HOME": str(setting.home)})
    done = home.run("client-config", "--yes", "--base-url", setting.proxy.origin)
    assert done.returncode == 0, done.stderr
    return home


def write(person: Household, config: str) -> None:
    (person.codex_home / "config.toml").write_text(config)


def test_where_all_is_well_all_is_well(person: Household, setting: Stage) -> None:
    told = person.doctor("--turn", "--leaks", setting.folder)

    assert told.bad == {}
    assert (told.exit_code, told.record["troubles"]) == (0, WELL)
    [turn] = told.of("turn")
    assert any(f"was served by {name}@" in turn["sentence"] for name in setting.in_turn)
    assert {one["verdict"] for one in told.of("leaks")} == {"ok", "note"}  # notes: the logins that were imported


def test_the_page_for_people(person: Household) -> None:
    person.variables["COLUMNS"] = "100"
    done = person.run("doctor")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert [line for line in lines if line and line[0] not in "✓•! "] == [
        "Programs", "Data", "Accounts", "Codex", "Proxy", "Network", "Known troubles", "All is well.",
    ]  # fmt: skip
    assert [f"✓ {trouble}  no" for trouble in Trouble] == lines[-7:-2]


def test_connection_refused_because_nothing_runs(person: Household, setting: Stage, tmp_path: Path) -> None:
    port = free_port()
    person.variables["CODEXLB_HOME"] = str(tmp_path / "other-home")
    write(person, provider("OpenAI", f"http://127.0.0.1:{port}"))

    found = person.doctor().cause(Trouble.REFUSED)
    assert (found["verdict"], found["mend"]) == ("error", f"codexlb serve --port {port}")
    line = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in person.environment().items())]
    with ProxyProcess([*line, *found["mend"].split()], port, tmp_path / "serve.log"):
        assert person.doctor().verdict(Trouble.REFUSED) == "ok"


def test_connection_refused_because_it_runs_elsewhere(person: Household, setting: Stage) -> None:
    write(person, provider("OpenAI", f"http://127.0.0.1:{free_port()}"))

    found = person.doctor().cause(Trouble.REFUSED)
    assert found["mend"] == f"codexlb client-config --base-url {setting.proxy.origin}"
    person.follow(found["mend"])
    assert person.doctor().record["troubles"] == WELL


def test_a_server_in_front_that_lets_through_what_codex_asks_only(person: Household, setting: Stage) -> None:
    with codex_only(setting.proxy.origin) as origin:
        write(person, provider("OpenAI", origin))
        told = person.doctor("--turn")

    assert (told.bad, told.exit_code) == ({}, 0)
    assert told.of("proxy")[0]["sentence"] == f"Codex-LB answers at {origin}."
    assert told.of("readiness") == []


def test_a_machine_without_codex_is_well_if_its_proxy_is(person: Household, setting: Stage) -> None:
    shutil.rmtree(person.codex_home)
    (person.folder / "no programs").mkdir()
    person.variables["PATH"] = str(person.folder / "no programs")

    told = person.doctor()
    assert (told.bad, told.exit_code) == ({}, 0)
    [codex] = told.of("codex config")
    assert (codex["verdict"], codex["mend"]) == ("note", f"codexlb client-config --base-url {setting.proxy.origin}")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[Stage, str]]:
    """A proxy that wants a client key, and one that is good."""
    with stage(tmp_path / "stage", "x:plus") as setting:
        key = a_key(setting.home, "codex")
        yield setting, key


def until(holds: Iterator[bool]) -> None:
    """Wait for the proxy to take over what was changed in its store."""
    deadline = time.monotonic() + 10
    while not next(holds):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_401_without_a_key_then_without_the_variable_then_with_a_wrong_one(
    locked: tuple[Stage, str], tmp_path: Path
) -> None:
    setting, key = locked
    person = configured(setting, tmp_path / "person")

    found = person.doctor().cause(Trouble.UNAUTHORIZED)
    assert found["mend"] == "codexlb client-config --key-env CODEX_LB_API_KEY"
    person.follow(found["mend"])
    causes = [one for one in person.doctor().findings if one["covers"] == Trouble.UNAUTHORIZED]
    assert {one["mend"] for one in causes} == {'export CODEX_LB_API_KEY="$(codexlb keys create codex-2)"'}
    assert {one["verdict"] for one in causes} == {"error"}
    person.variables["CODEX_LB_API_KEY"] = key
    assert person.doctor().record["troubles"] == WELL
    person.variables["CODEX_LB_API_KEY"] = f"{key[:-3]}abc"
    wrong = person.doctor()
    assert key[:-3] not in str(wrong.record)
    person.follow(wrong.cause(Trouble.UNAUTHORIZED)["mend"])
    until(person.doctor().verdict(Trouble.UNAUTHORIZED) == "ok" for _ in range(99))


def test_401_with_a_key_that_is_disabled(locked: tuple[Stage, str], tmp_path: Path) -> None:
    setting, key = locked
    person = configured(setting, tmp_path / "person")
    person.variables["CODEX_LB_API_KEY"] = key
    person.follow("codexlb client-config --key-env CODEX_LB_API_KEY")
    person.run("keys", "disable", "codex")
    until(person.doctor().verdict(Trouble.UNAUTHORIZED) == "error" for _ in range(99))

    found = person.doctor().cause(Trouble.UNAUTHORIZED)
    assert (found["check"], found["mend"]) == ("client key", "codexlb keys enable codex")
    person.follow(found["mend"])
    until(person.doctor().verdict(Trouble.UNAUTHORIZED) == "ok" for _ in range(99))


def test_model_not_found(person: Household, setting: Stage) -> None:
    write(person, provider("OpenAI", setting.proxy.origin).replace('"gpt-5.5"', '"gpt-99"'))

    found = person.doctor().cause(Trouble.MODEL)
    assert (found["check"], found["verdict"]) == ("model", "warning")
    assert "gpt-99, which the accounts do not list; they have gpt-6.1-sol" in found["sentence"]
    assert found["mend"] == "codexlb client-config --model gpt-6.1-sol"
    person.follow(found["mend"])
    assert person.doctor().record["troubles"] == WELL


def test_sessions_do_not_appear(person: Household) -> None:
    person.codex_home.rename(person.folder / "kept")
    codex = SmallHome(person.codex_home)
    (person.folder / "kept" / "config.toml").rename(person.codex_home / "config.toml")
    codex.session(1, "openai")
    codex.session(2, "openai")
    codex.session(3, "codex-lb")

    told = person.doctor()
    found = told.cause(Trouble.SESSIONS)
    assert told.exit_code == 0  # some keep them apart
    assert found["sentence"] == "2 sessions belong to openai: `codex resume` does not show them with codex-lb."
    assert found["mend"] == "codexlb sessions retag --from openai --to codex-lb"
    person.follow(found["mend"])
    assert person.doctor().record["troubles"] == WELL


@pytest.mark.parametrize(
    ("was", "becomes", "check", "verdict", "mend"),
    [
        ('"OpenAI"', '"openai"', "name", "note", "codexlb client-config --name OpenAI"),
        ('"OpenAI"', '"Codex-LB"', "name", "warning", "codexlb client-config --name OpenAI"),
        ('"responses"', '"chat"', "wire_api", "error", "codexlb client-config"),
        ('wire_api = "responses"', "", "wire_api", "warning", "codexlb client-config"),
        ("/backend-api/codex", "/v1", "base_url", "error", "codexlb client-config"),
    ],
    ids=["name in lower case", "another name", "another format", "no format", "another path"],
)
def test_wire_api_errors(
    person: Household, setting: Stage, was: str, becomes: str, check: str, verdict: str, mend: str
) -> None:
    write(person, provider("OpenAI", setting.proxy.origin).replace(was, becomes))

    found = person.doctor().cause(Trouble.WIRE)
    assert (found["check"], found["verdict"], found["mend"]) == (check, verdict, mend)
    person.follow(found["mend"])
    assert person.doctor().record["troubles"] == WELL


def test_wire_api_errors_of_an_old_codex(person: Household) -> None:
    person.codex = "0.42.0"

    found = person.doctor().cause(Trouble.WIRE)
    assert (found["check"], found["verdict"]) == ("codex cli", "warning")
    assert found["mend"] == "npm install -g @openai/codex@latest"
    person.codex = "0.169.0"
    assert person.doctor().record["troubles"] == WELL


def test_a_folder_that_was_chosen_is_named_in_the_commands(person: Household, setting: Stage) -> None:
    other = person.folder / "other codex"
    person.codex_home.rename(other)
    (other / "config.toml").write_text(provider("codex", setting.proxy.origin))

    told = person.doctor("--codex-home", other)
    assert told.cause(Trouble.WIRE)["mend"] == f"codexlb client-config --name OpenAI --codex-home '{other}'"
    person.follow(told.cause(Trouble.WIRE)["mend"])
    assert person.doctor("--codex-home", other).record["troubles"] == WELL


def test_an_account_that_will_need_a_login_is_told_with_its_name(tmp_path: Path) -> None:
    with stage(tmp_path / "stage", "x:plus,y:plus") as setting:
        person = configured(setting, tmp_path / "person")
        setting.simulator.change("x", AccountChange(refresh_tokens="revoked"))
        person.run("accounts", "refresh", "x@example.com", "--issuer", setting.simulator.origin)
        told = person.doctor()

    assert told.exit_code == 3  # its token is good for now
    [found] = [one for one in told.of("account") if one["subject"] == "x@example.com"]
    assert (found["verdict"], found["mend"]) == ("warning", "codexlb accounts login --account x@example.com")
    assert "the refresh token has been revoked" in found["sentence"]


def test_a_turn_that_nobody_serves_is_told(tmp_path: Path) -> None:
    with stage(tmp_path / "stage", "x:plus") as setting:
        person = configured(setting, tmp_path / "person")
        write(person, provider("OpenAI", setting.proxy.origin))
        setting.simulator.change("x", AccountChange(condition=Condition.DEACTIVATED))
        told = person.doctor("--turn")

    [turn] = told.of("turn")
    assert (turn["verdict"], told.exit_code) == ("error", 1)
    assert turn["sentence"].startswith("A turn with gpt-5.5 failed (HTTP ")
    assert turn["mend"] == "codexlb report requests --limit 1"
