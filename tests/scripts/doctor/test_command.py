"""`codexlb doctor` as a person runs it, where next to nothing is there."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from scripts.doctor.finding import Trouble
from tests.processes import command
from tests.scripts.doctor.household import Household
from tests.scripts.doctor.servers import listener, server


@pytest.fixture
def person(tmp_path: Path) -> Household:
    return Household(tmp_path / "person", "http://127.0.0.1:9")


def test_somebody_who_has_done_nothing_yet_is_told_where_to_begin(person: Household) -> None:
    with server() as (upstream, asked):
        person.upstream = upstream
        told = person.doctor("--turn", "--leaks")

    assert told.exit_code == 1
    assert [one["mend"] for one in told.findings if one["verdict"] == "error" and one["mend"]] == [
        "codexlb accounts login",
        "codexlb client-config",
        "codexlb serve",
    ]
    assert [told.verdict(trouble) for trouble in Trouble] == ["error", None, None, "ok", "ok"]
    assert not person.home.exists()
    assert not person.codex_home.exists()
    assert len(asked) == 2


def test_a_proxy_far_away_is_asked_and_nothing_is_missed_here(person: Household) -> None:
    person.variables["CODEX_LB_API_KEY"] = "sk-clb-x"
    with server(401, b'{"error":{"message":"No."}}') as (origin, asked):
        far = origin.replace("127.0.0.1", "127.0.0.1.nip.invalid")
        person.run("client-config", "--yes", "--base-url", far, "--key-env", "CODEX_LB_API_KEY")
        told = person.doctor()

    assert told.of("data folder")[0]["verdict"] == "ok"
    assert {one["section"] for one in told.findings} == {"Programs", "Data", "Codex", "Proxy"}
    assert told.cause(Trouble.REFUSED)["mend"] is None
    assert "its name cannot be looked up" in told.cause(Trouble.REFUSED)["sentence"]
    assert asked == []


def test_something_else_listens_there(person: Household) -> None:
    with server(404, server="nginx") as (origin, _):
        person.run("client-config", "--yes", "--base-url", origin)
        found = person.doctor().cause(Trouble.REFUSED)

    port = int(origin.rpartition(":")[2])
    assert "calls itself nginx (HTTP 404)" in found["sentence"]
    assert found["mend"] == f"codexlb serve --port {port + 1}"


@pytest.mark.parametrize(
    "arguments", [["flows"], ["--leaks", "no-such-file"], ["--colour"]], ids=["PATH alone", "no such path", "no option"]
)
def test_a_wrong_command_line(person: Household, arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "person").mkdir(exist_ok=True)
    place = tmp_path / "flows"
    place.touch()
    done = person.run("doctor", *[str(place) if each == "flows" else each for each in arguments])

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: codexlb doctor")


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("CODEXLB_HOME", "Nobody knows what the ~"),
        ("CODEXLB_KEY_FILE", "Nobody knows what the ~"),
        ("CODEX_HOME", "~nobody-of-that-name/x cannot be found"),
    ],
)
def test_a_home_that_nobody_has(person: Household, variable: str, words: str) -> None:
    person.variables[variable] = "~nobody-of-that-name/x"
    done = person.run("doctor")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {words}")


def test_a_key_is_shown_to_codexlb_only(person: Household) -> None:
    person.variables["CODEX_LB_API_KEY"] = "sk-clb-canary"
    with server(404) as (origin, asked):
        person.run("client-config", "--yes", "--base-url", origin, "--key-env", "CODEX_LB_API_KEY")
        told = person.doctor("--turn")

    assert told.of("turn")[0]["sentence"].endswith("so no turn was taken.")
    assert [each.partition(" HTTP")[0] for each in asked] == ["GET /health", "GET /backend-api/codex/responses"]
    assert "sk-clb-canary" not in str(asked)


def test_ctrl_c_ends_it_with_a_word(person: Household) -> None:
    with listener() as silent:
        person.upstream = silent
        environment = person.environment() | {"PYTHONUNBUFFERED": "1"}
        doctor = subprocess.Popen(
            [command("codexlb"), "doctor"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert doctor.stdout is not None
        for line in doctor.stdout:
            if line.startswith("Proxy"):  # now the upstream is asked, which says nothing
                break
        os.kill(doctor.pid, signal.SIGINT)
        _, said = doctor.communicate(timeout=20)

    assert (doctor.returncode, said) == (130, "Interrupted.\n")
