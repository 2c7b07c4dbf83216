"""`codex login` by the real Codex CLI, and a turn with what it wrote through the pool; prints a Played as JSON.

A program of its own for a network of its own (see alone.py): the client's callback listens on a fixed port, and a
login in a browser goes to https://auth.openai.com, whose place a simulated ChatGPT takes here.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import Path
from typing import IO, Any

from scripts.simulator.client import SimulatorProcess
from tests.end_to_end.codex_cli import CodexHome, provider
from tests.end_to_end.stage import SETTINGS, Serve, codexlb, environment
from tests.ports import free_port
from tests.processes import command

ISSUER = "https://auth.openai.com"
NAME = "ann@acme"
"""Who logs in."""
CLOSED = "http://127.0.0.1:9"
"""Nothing listens there in a network of one's own."""
STEP_SECONDS, SCENE_SECONDS = 30, 120
"""The whole takes some seven seconds; the machine may be busy."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a login: the client's words, the pool's list, the turn, and whose tokens it was asked with."""

    said: str
    listed: list[dict[str, Any]]
    exit_code: int
    complaints: list[dict[str, Any]]
    text: str
    answers: list[str | None]
    asked_as: list[str | None]
    with_that_token: bool


class Browser:
    """A person's browser; it comes to the simulated issuer under the real one's name, too."""

    def __init__(self, proxy: str, certificate: Path) -> None:
        trust = ssl.create_default_context(cafile=str(certificate))
        proxied = urllib.request.ProxyHandler({"https": proxy})
        self._opener = urllib.request.build_opener(proxied, urllib.request.HTTPSHandler(context=trust))

    def open(self, url: str, **form: str) -> str:
        """The page at the end of all redirects."""
        data = urllib.parse.urlencode(form).encode() if form else None
        with self._opener.open(url, data, timeout=STEP_SECONDS) as answer:
            page: bytes = answer.read()
        return page.decode()

    def choose(self, url: str, name: str) -> str:
        """Opens the page that asks for an account and follows the link of this one."""
        links = re.findall(r'href="([^"]*)"', self.open(url))
        [link] = [unescape(link) for link in links if urllib.parse.quote_plus(name) in link]
        return self.open(urllib.parse.urljoin(url, link))


@contextlib.contextmanager
def issuer_of_that_name(folder: Path, origin: str) -> Iterator[tuple[str, Path]]:
    """A proxy for https that serves auth.openai.com from `origin`: its URL, and the certificate to trust."""
    port = free_port()
    line = ["mitmdump", "--quiet", "--listen-port", str(port), "--map-remote", f"|{ISSUER}|{origin}"]
    settings = ["--set", f"confdir={folder}", "--set", "connection_strategy=lazy"]
    with running([command(line[0]), *line[1:], *settings]):
        deadline = time.monotonic() + STEP_SECONDS
        while not is_open(port):
            assert time.monotonic() < deadline, "mitmdump did not start"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", folder / "mitmproxy-ca-cert.pem"


def is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), STEP_SECONDS):
        return True
    return False


@contextlib.contextmanager
def running(line: list[str], **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A process with these variables added; it ends with the block."""
    with subprocess.Popen(
        line,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def heard(output: IO[str] | None, pattern: str) -> str:
    """What a program says that looks like this, as soon as it says it."""
    assert output
    lines = []
    for line in output:
        lines.append(line)
        if found := re.search(pattern, line):
            return found[0]
    raise AssertionError(f"nothing like {pattern} in: {''.join(lines)}")


def browser_login(codex: CodexHome, sim: SimulatorProcess) -> str:
    """`codex login`; it has an option for another issuer, but obeys it in device logins only."""
    with issuer_of_that_name(codex.folder / "issuer", sim.origin) as (proxy, certificate):
        trust = {"HTTPS_PROXY": proxy, "CODEX_CA_CERTIFICATE": str(certificate)}
        with running([str(codex.codex), "login"], **home_of(codex), **trust) as process:
            url = heard(process.stdout, rf"{ISSUER}/\S+")
            assert "Sign into Codex" in Browser(proxy, certificate).choose(url, NAME)
            return process.communicate(timeout=STEP_SECONDS)[0]


def device_login(codex: CodexHome, sim: SimulatorProcess) -> str:
    """`codex login --device-auth`; the person is slower than the client's first question."""
    line = [str(codex.codex), "login", "--device-auth", "--experimental_issuer", sim.origin]
    with running(line, **home_of(codex)) as process:
        page = heard(process.stdout, rf"{sim.origin}[/\w]+")
        user_code = heard(process.stdout, r"[A-Z0-9]{4}-[A-Z0-9]{5}")
        while not any(entry.path.endswith("/deviceauth/token") for entry in sim.log()):
            time.sleep(0.05)
        form = urllib.parse.urlencode({"user_code": user_code, "account": NAME, "decision": "approve"})
        with urllib.request.urlopen(page, form.encode(), timeout=STEP_SECONDS) as answer:
            assert b"go back to your device" in answer.read()
        return process.communicate(timeout=STEP_SECONDS)[0]


def home_of(codex: CodexHome) -> dict[str, str]:
    """The client's home; `true` is the browser that it would open."""
    return {"HOME": str(codex.folder), "CODEX_HOME": str(codex.folder / ".codex"), "BROWSER": "true"}


FLOWS = {"browser": browser_login, "device": device_login}


def play(flow: str, codex: Path, folder: Path) -> Played:
    """Logs in, imports what the client wrote, and lets the same client take a turn through the pool."""
    port = free_port()
    with SimulatorProcess("ann@acme:team,bob@acme:team", device_interval=1) as sim:
        client = CodexHome(codex, folder / "client", provider("OpenAI", f"http://127.0.0.1:{port}"), CLOSED)
        said = FLOWS[flow](client, sim)
        written = client.folder / ".codex" / "auth.json"
        codexlb(folder, "accounts", "import", str(written))
        line = ["serve", "--port", str(port), "--upstream", sim.origin, "--issuer", sim.origin]
        line += [word for setting in SETTINGS for word in ("--set", setting)]
        with Serve(environment(folder, command("codexlb"), *line), port, folder / "serve.log"):
            turn = client.turn("say one word")
        asked = [entry for entry in sim.log() if entry.path.endswith("/responses")]
        token = json.loads(written.read_text())["tokens"]["access_token"]
    return Played(
        said, json.loads(codexlb(folder, "accounts", "list", "--json")), turn.exit_code, turn.complaints, turn.text,
        [entry.text for entry in asked], [entry.account for entry in asked],
        all(entry.header("authorization") == f"Bearer {token}" for entry in asked),
    )  # fmt: skip


if __name__ == "__main__":
    faulthandler.dump_traceback_later(SCENE_SECONDS, exit=True)  # says where it hangs
    print(json.dumps(asdict(play(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))))
