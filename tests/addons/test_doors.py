"""Where mitmdump listens: as the settings say, or it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mitmproxy import version

from codexlb_store.processes import running
from tests.addons.test_config_file import config, home, mitmdump
from tests.ports import free_port


def listening(port: int) -> set[str]:
    """The addresses on which something listens on this port, as Linux writes them."""
    found = set()
    for file in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in file.read_text().splitlines()[1:] if file.exists() else []:
            _, local, _, state, *_ = line.split()
            address, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(address)
    return found


LOOPBACK = "0100007F"


OPENS_TOO_EARLY = int(version.VERSION.split(".")[0]) >= 12 and sys.version_info >= (3, 12)
"""Whether this mitmproxy opens its ports before it loads a script."""


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells who listens where")
@pytest.mark.parametrize(
    ("mode", "text"),
    [
        pytest.param(
            "reverse:http://127.0.0.1:9@{port}", "", id="a port only",
            marks=pytest.mark.skipif(OPENS_TOO_EARLY, reason="refused there"),
        ),
        pytest.param(
            "reverse:http://127.0.0.1:9@127.0.0.1:{port}", "listen_host = '127.0.0.2'\nlisten_port = 1",
            id="all in the mode",
        ),
    ],
)  # fmt: skip
def test_mitmdump_listens_where_it_is_to(tmp_path: Path, mode: str, text: str) -> None:
    port = free_port()
    config(text)
    with mitmdump(tmp_path, mode.format(port=port), port, "--set", "codexlb_poll_seconds=0"):
        assert listening(port) == {LOOPBACK}
        assert [each.conduct.listen for each in running(home())] == [(("127.0.0.1", port),)]


@pytest.mark.skipif(not OPENS_TOO_EARLY, reason="here the settings are known before")
@pytest.mark.parametrize(
    ("modes", "text", "opened", "wanted"),
    [
        (["reverse:http://127.0.0.1:9@{port}"], "", "every address:{port}", "127.0.0.1:{port}"),
        (["reverse:http://127.0.0.1:9"], "listen_port = 7", "every address:8080", "127.0.0.1:7"),
        (
            ["reverse:http://127.0.0.1:9@127.0.0.1:{other}", "reverse:http://127.0.0.1:9@{port}"],
            "listen_host = '::1'", "every address:{port}", "::1:{port}",
        ),
    ],
    ids=["a port only", "nothing", "one of two"],
)  # fmt: skip
def test_a_port_that_was_opened_too_early_ends_it(
    tmp_path: Path, modes: list[str], text: str, opened: str, wanted: str
) -> None:
    ports = {"port": free_port(), "other": free_port()}
    config(text)
    more = [part for mode in modes[1:] for part in ("--mode", mode.format(**ports))]
    proxy = mitmdump(tmp_path, modes[0].format(**ports), 0, *more)

    ended = subprocess.run(proxy.arguments, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    said = f"mitmproxy opened {opened} before it knew the settings, which say {wanted}: name both in the mode, like"
    assert said.format(**ports) in ended.stdout
