"""`config.toml` and the variables of a proxy: what counts when it starts, and what a change does while it runs."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mitmproxy import ctx
from mitmproxy.exceptions import OptionsError

from addons.config_file import ConfigFile
from codexlb_store.processes import InForce, running
from tests.addons import proxy as lab
from tests.addons.serving import TURN
from tests.addons.waiting import until
from tests.conftest import StartProxy
from tests.ports import free_port
from tests.processes import ProxyProcess, command
from tests.sources import ROOT

PATIENCE_SECONDS = 20

COMMAND_LINE, ENVIRONMENT, FILE, DEFAULT = "command line", "environment", "file", "default"

BELOW = """\
codexlb_strategy = "fill_first"
codexlb_poll_seconds = 0
codexlb_budget_seconds = 7
"""


def home() -> Path:
    return Path(os.environ["CODEXLB_HOME"])


def config(text: str) -> None:
    """Writes the file as editors do: another one takes its place."""
    home().mkdir(exist_ok=True)
    draft = home() / "draft"
    draft.write_text(text)
    draft.replace(home() / "config.toml")


def setting(name: str) -> InForce:
    """What the one running proxy goes by."""
    [proxy] = running(home())
    return proxy.conduct.settings[name]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def mitmdump(tmp_path: Path, mode: str, port: int, *more: str) -> ProxyProcess:
    """mitmdump with our script, not yet started."""
    line = [command("mitmdump"), "--mode", mode, "-s", str(ROOT / "addons" / "codexlb.py")]
    return ProxyProcess([*line, "--set", f"confdir={tmp_path / 'mitmproxy'}", *more], port, tmp_path / "mitmdump.log")


@pytest.fixture(params=["serve", "mitmdump"])
def started(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., ProxyProcess]]:
    """Starts either program with all three layers below its command line."""
    config(BELOW)
    monkeypatch.setenv("CODEXLB_BUDGET_SECONDS", "8")
    port = free_port()
    ended = []

    def start(*sets: str) -> ProxyProcess:
        more = [part for each in sets for part in ("--set", each)]
        if request.param == "serve":
            line = [command("codexlb"), "serve", f"--port={port}", *more]
            found = ProxyProcess(line, port, tmp_path / "serve.log")
        else:
            found = mitmdump(tmp_path, f"reverse:http://127.0.0.1:9@127.0.0.1:{port}", port, *more)
        ended.append(found)
        return found.__enter__()

    yield start
    for each in ended:
        each.__exit__()


def test_who_decides_on_a_running_proxy(started: Callable[..., ProxyProcess]) -> None:
    """Also where the command line repeats the default."""
    started("codexlb_strategy=capacity_weighted", "codexlb_cache_ttl_seconds=9")

    names = ("strategy", "poll_seconds", "budget_seconds", "auth", "cache_ttl_seconds")
    assert [setting(f"codexlb_{name}") for name in names] == [
        InForce("capacity_weighted", COMMAND_LINE),
        InForce(0, FILE),
        InForce(8, ENVIRONMENT),
        InForce("auto", DEFAULT),
        InForce(9, COMMAND_LINE),
    ]


def test_a_change_counts_at_once_and_so_does_its_end(started: Callable[..., ProxyProcess]) -> None:
    proxy = started("codexlb_strategy=round_robin")

    other = BELOW.replace("fill_first", "usage_weighted")
    config(other + 'codexlb_auth = "required"\nlisten_host = "::1"\ncerts = "/no"')
    wait_for(lambda: "The settings were changed" in proxy.log())
    assert setting("codexlb_auth") == InForce("required", FILE)
    said = proxy.log().splitlines()[-1]
    assert "The settings were changed: codexlb_strategy is round_robin all the same, for the command line or" in said
    assert "codexlb_auth is required now (file)" in said
    assert "listen_host is ::1 from the next start on; certs is /no from the next start on." in said
    assert setting("codexlb_strategy") == InForce("round_robin", COMMAND_LINE)

    (home() / "config.toml").unlink()
    wait_for(lambda: setting("codexlb_auth") == InForce("auto", DEFAULT))
    assert setting("codexlb_poll_seconds") == InForce(300, DEFAULT)
    assert setting("codexlb_budget_seconds") == InForce(8, ENVIRONMENT)


def test_a_file_that_is_wrong_changes_nothing_and_is_told_of_once(started: Callable[..., ProxyProcess]) -> None:
    proxy = started()

    config('codexlb_auth = "required"\ncodexlb_strategy = "best"\n')
    sentence = "config.toml, line 2: codexlb_strategy is 'best': give one of"
    wait_for(lambda: sentence in proxy.log())
    assert setting("codexlb_auth") == InForce("auto", DEFAULT)
    assert setting("codexlb_strategy") == InForce("fill_first", FILE)

    config('codexlb_auth = "required"\ncodexlb_strategy = "best"\n# still\n')
    config("codexlb_strategy")  # half written
    config("codexlb_poll_seconds = " + "1" * 5_000)
    wait_for(lambda: "thousands of digits" in proxy.log())
    config('codexlb_auth = "required"\n')
    wait_for(lambda: setting("codexlb_auth") == InForce("required", FILE))
    assert proxy.log().count(sentence) == 1


def test_a_change_is_felt_by_clients(proxy: StartProxy) -> None:
    """The key that is asked for from now on, without a restart."""
    running_proxy = proxy()
    assert answer(running_proxy.port) == 400

    config('codexlb_auth = "required"')
    wait_for(lambda: answer(running_proxy.port) == 401)
    config("")
    wait_for(lambda: answer(running_proxy.port) == 400)


def answer(port: int) -> int:
    """The status that a turn gets: 400 without an account, 401 without a key."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", "/backend-api/codex/responses", TURN)
        return connection.getresponse().status


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("codexlb_poll_seconds = 'x'", "config.toml, line 1: codexlb_poll_seconds is 'x': give a whole number."),
        ("codexlb_poll = 5", "line 1: There is no setting 'codexlb_poll': did you mean codexlb_poll_seconds?"),
        ("certs = '/nowhere/cert.pem'", "/nowhere/cert.pem"),
        ("mode", "config.toml is not TOML (line 1, column 5: "),
    ],
    ids=["value", "name", "certificate", "no TOML"],
)
def test_mitmdump_does_not_start_with_a_bad_file(tmp_path: Path, text: str, sentence: str) -> None:
    config(text)
    proxy = mitmdump(tmp_path, f"reverse:http://127.0.0.1:9@127.0.0.1:{free_port()}", 0)

    ended = subprocess.run(proxy.arguments, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert sentence in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("codexlb_poll_seconds=soon", "codexlb_poll_seconds is 'soon': give a whole number."),
        ("codexlb_poll=5", "There is no setting 'codexlb_poll': did you mean codexlb_poll_seconds?"),
    ],
    ids=["value", "name"],
)
def test_mitmdump_does_not_start_with_a_bad_option(tmp_path: Path, given: str, sentence: str) -> None:
    """mitmproxy itself would go on without the chain, and say nothing."""
    proxy = mitmdump(tmp_path, f"reverse:http://127.0.0.1:9@127.0.0.1:{free_port()}", 0, "--set", given)

    ended = subprocess.run(proxy.arguments, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert sentence in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


async def test_what_a_person_sets_in_mitmweb_counts_as_the_command_line(tmp_path: Path) -> None:
    lab.store_with(home(), "a").close()
    async with lab.running(home()):
        await until(lambda: running(home()))
        ctx.options.update(codexlb_strategy="round_robin")
        assert setting("codexlb_strategy") == InForce("round_robin", COMMAND_LINE)

        config('codexlb_strategy = "fill_first"\ncodexlb_cache_ttl_seconds = 5')
        await until(lambda: setting("codexlb_cache_ttl_seconds") == InForce(5, FILE))

        assert ctx.options.codexlb_strategy == "round_robin"


async def test_what_another_addon_refuses_changes_nothing(tmp_path: Path) -> None:
    lab.store_with(home(), "a").close()
    async with lab.running(home()) as proxy:
        [found] = [addon for addon in proxy.chain.addons if isinstance(addon, ConfigFile)]
        await until(lambda: running(home()))
        proxy.chain.addons.append(Refuser())

        config("codexlb_cache_ttl_seconds = 13")
        await until(lambda: found.trouble)

        assert found.trouble == "Not thirteen."
        assert setting("codexlb_cache_ttl_seconds") == InForce(1800, DEFAULT)
        config("codexlb_cache_ttl_seconds = 14")
        await until(lambda: setting("codexlb_cache_ttl_seconds") == InForce(14, FILE))
        assert found.trouble == ""


class Refuser:
    """An addon that looks at more than one value."""

    def configure(self, updated: set[str]) -> None:
        if ctx.options.codexlb_cache_ttl_seconds == 13:
            raise OptionsError("Not thirteen.")
