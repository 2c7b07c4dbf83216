from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from scripts.proxy_process import CODEXLB, PORT_TAKEN, ProxyError, ProxyProcess, is_healthy


def test_a_proxy_is_ready_in_its_block_and_gone_after_it(tmp_path: Path) -> None:
    with ProxyProcess("http://127.0.0.1:9", os.environ, tmp_path / "log") as proxy:
        port = int(proxy.origin.rpartition(":")[2])
        assert is_healthy(port)

    assert not is_healthy(port)


def test_a_proxy_that_does_not_start_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProxyError, match=r"^The proxy did not start: Error: .*nonsense"):
        ProxyProcess("nonsense", os.environ, tmp_path / "log").__enter__()


def test_a_port_that_is_taken_is_told_in_the_words_we_look_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        arguments = ["serve", "--port", str(other.getsockname()[1])]

        done = subprocess.run([*CODEXLB, *arguments], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert PORT_TAKEN in done.stderr
