"""Logins on the fixed ports, each with one port less than before; a program for a network of its own (see alone.py).

Prints where each came back.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from urllib.parse import urlsplit

from scripts.accounts.login_browser import PORTS
from scripts.simulator.client import SimulatorProcess
from tests.scripts.accounts.login_process import LoginProcess, browse, chosen, is_free


def play() -> None:
    """All of it."""
    with SimulatorProcess("ann:plus") as sim, contextlib.ExitStack() as taken:
        for port in PORTS:
            with LoginProcess(sim.origin, port=None) as process:
                right = chosen(process.address(), "ann")
                assert browse(right).status == 200
                assert process.ended().exit_code == 0
            assert is_free(port)
            print(urlsplit(right).port)
            taken.enter_context(socket.create_server(("127.0.0.1", port)))
        with LoginProcess(sim.origin, port=None, stdin=subprocess.PIPE) as process:
            process.types(chosen(process.address(), "ann"))
            ended = process.ended()
        assert "Ports 1455 and 1457 are taken" in ended.stdout
        assert ended.exit_code == 0
        print("pasted")


if __name__ == "__main__":
    play()
