"""`codexlb config list`: values, who decided, and what running proxies go by."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from addons.settings.catalog import SETTINGS
from codexlb_store.processes import ProcessMark
from tests.scripts.config.people import ELSEWHERE, codexlb_config, done, file, home, refused, write


@pytest.fixture
def proxy() -> Iterator[ProcessMark]:
    """A running one, with options of its own."""
    mark = ProcessMark.take(home())
    mark.tell(ELSEWHERE)
    yield mark
    mark.release()


def rows(told: str) -> dict[str, list[str]]:
    """The cells behind each setting's name."""
    return {cells[0]: cells[1:] for line in told.splitlines() if (cells := line.split()) and "_" in cells[0] + "_"}


def test_every_setting_has_a_row_that_says_who_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    write('codexlb_auth = "local"\nlisten_port = 8\n')
    monkeypatch.setenv("CODEXLB_LISTEN_PORT", "9")

    told = done("list")

    found = rows(told)
    assert told.splitlines()[0] == str(file())
    assert found["codexlb_auth"] == ["local", "file"]
    assert found["listen_port"] == ["9", "CODEXLB_LISTEN_PORT"]
    assert found["codexlb_upstream"] == ["https://chatgpt.com", "default"]
    assert found["codexlb_hosts"] == ["default"]
    assert [each.name for each in SETTINGS if each.name not in found] == []


def test_without_a_file_it_says_so() -> None:
    assert done("list").splitlines()[0] == f"{file()} (not there)"


def test_it_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    write("codexlb_hosts = '" + ",".join(["codex.example.com"] * 9) + "'")

    assert max(map(len, done("list").splitlines()[1:])) <= 60


def test_what_a_running_proxy_goes_by_instead_is_below(proxy: ProcessMark) -> None:
    where = "The proxy on 127.0.0.1:2455 and [::1]:2455 goes by"

    assert done("list").replace("\n", " ").count(where) == 2
    assert f"{where} codexlb_poll_seconds = 9 (environment)." in " ".join(done("list").split())
    assert f"{where} codexlb_strategy = usage_weighted (command line)." in " ".join(done("list").split())


def test_json_is_all_of_it(proxy: ProcessMark) -> None:
    write('codexlb_auth = "local"')

    found = json.loads(done("list", "--json"))

    assert found["version"] == 1
    assert found["file"] == str(file())
    assert [each["name"] for each in found["settings"]] == [each.name for each in SETTINGS]
    [auth] = [each for each in found["settings"] if each["name"] == "codexlb_auth"]
    assert {key: auth[key] for key in ("value", "source", "default", "variable")} == {
        "value": "local", "source": "file", "default": "auto", "variable": "CODEXLB_AUTH",
    }  # fmt: skip
    [running] = found["proxies"]
    assert running["id"] == proxy.id
    assert running["listen"] == [["127.0.0.1", 2455], ["::1", 2455]]
    assert running["settings"]["codexlb_strategy"] == {"value": "usage_weighted", "source": "command line"}


def test_a_variable_that_is_nearly_a_setting_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEXLB_STRATEGI", "x")

    assert codexlb_config("list").stderr == (
        "Warning: The variable CODEXLB_STRATEGI is no setting and changes nothing: did you mean CODEXLB_STRATEGY?\n"
    )


def test_a_bad_file_is_one_sentence() -> None:
    write("listen_port = true")

    assert refused("list") == f"{file()}, line 1: listen_port is true: give a whole number."
    assert refused("list", "--json") == f"{file()}, line 1: listen_port is true: give a whole number."
