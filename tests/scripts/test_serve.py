"""`codexlb serve`: what it refuses to start with and in which words, and what it serves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from mitmproxy import version
from mitmproxy.certs import CertStore
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.settings.catalog import SETTINGS
from addons.settings.listening import LISTEN_HOST, LISTEN_PORT
from codexlb_store.credentials import load_credentials
from codexlb_store.exchanges import requests
from codexlb_store.schema import open_store
from codexlb_store.vault import Vault
from scripts.serve import options_for
from scripts.serve_wishes import Wanted
from tests.addons.authority import make_certificate
from tests.addons.key_lab import a_key, bearer
from tests.addons.proxy import COMPLETED, Upstream, store_with
from tests.addons.samples import RESPONSES
from tests.addons.serving import TURN, serving
from tests.end_to_end.lab import leaks
from tests.ports import free_port
from tests.scripts.forked_serve import Ended, Line, run_forked
from tests.sources import ROOT

HAS_PASSWORD = tuple(map(int, version.VERSION.split(".")[:2])) >= (11, 1)
"""Whether this mitmweb asks for a password."""

CLIENT_TOKEN = "sk-of-the-client-itself"

ONE, NO_ACCOUNTS, MITMWEB = "one account", "no accounts", "mitmweb"
ORIGIN = "is not an origin: write http:// or https://, a host, and maybe :port."
TAKEN = r"Cannot listen on 127\.0\.0\.1:\d+ \(Address already in use\): end what holds it or choose another"
SAFE = "for Codex-LB to be safe: leave it out."


@dataclass(frozen=True, slots=True)
class Refused:
    """Arguments, or a data folder, and the sentence they get.

    PORT in an argument is a free port, HELD one that another program holds; `before` is Python that runs first.
    """

    sentence: str
    arguments: tuple[str, ...] = ()
    home: str = ONE
    before: str = ""
    environ: tuple[tuple[str, str], ...] = ()
    file: str = ""
    """What config.toml says."""


def wrong(value: str, sentence: str) -> Refused:
    """A wrong value of an option."""
    return Refused(sentence, ("--set", value))


REFUSED = {
    # where to listen
    "taken port": Refused(rf"{TAKEN} --port\.", ("--port", "HELD")),
    "taken web port": Refused(rf"{TAKEN} --web-port\.", ("--web", "--web-port", "HELD")),
    "address of another": Refused(r"Cannot listen on 192\.0\.2\.1:\d+ \(Cannot assign", ("--listen", "192.0.2.1")),
    "port too high": Refused("Invalid value for '--port': 70000 is not in the range", ("--port", "70000")),
    "no such address": Refused(r"Cannot listen on a\.\.b:\d+ \(.*\): give an address of", ("--listen", "a..b")),
    "no address": Refused("--listen is empty: give a value or leave it out", ("--listen", "")),
    "everybody, without a key": Refused(
        r"Other machines reach 0\.0\.0\.0 and are served only with a client key: make one first with "
        r"`codexlb keys create NAME`, or listen on 127\.0\.0\.1\.", ("--listen", "0.0.0.0"),
    ),
    "everybody on IPv6, without a key": Refused("Other machines reach ::", ("--listen", "::")),
    "everybody by the mode, without a key": Refused(
        "Other machines reach 0.0.0.0", ("--set", "mode=reverse:http://127.0.0.1:9@0.0.0.0:PORT")
    ),
    "everybody, this machine without a key": Refused(
        "Other machines reach", ("--listen", "0.0.0.0", "--set", "codexlb_auth=local")
    ),
    "no certificate there": Refused("Invalid value for '--cert'", ("--cert", "/nowhere/cert.pem")),
    "no certificate": Refused(r"The certificate .*LICENSE cannot be used \(", ("--cert", str(ROOT / "LICENSE"))),
    # where to send
    "upstream": Refused(f"codexlb_upstream: 'nonsense' {ORIGIN}", ("--upstream", "nonsense")),
    "upstream with a path": Refused(f"'http://h/api' {ORIGIN}", ("--upstream", "http://h/api")),
    "no upstream": Refused("--upstream is empty: give a value or leave it out", ("--upstream", "")),
    "issuer": Refused(f"'nonsense' {ORIGIN}", ("--issuer", "nonsense")),
    # options that there are not
    "misspelt option": wrong("codexlb_strategi=x", r"no option 'codexlb_strategi': did you mean codexlb_strategy\?"),
    "unheard-of option": wrong("zzz=1", r"There is no option 'zzz': see the options in the README\."),
    # a wrong value for each of ours
    "codexlb_strategy": wrong("codexlb_strategy=x", "codexlb_strategy is 'x': give one of capacity_weighted, "),
    "codexlb_poll_seconds": wrong("codexlb_poll_seconds=-1", r"is -1: give 0 \(never\) or more seconds\."),
    "codexlb_account_concurrency": wrong("codexlb_account_concurrency=-1", r"is -1: give 0 \(no limit\) or more\."),
    "codexlb_cache_ttl_seconds": wrong("codexlb_cache_ttl_seconds=-1", r"is -1: give 0 \(never kept\) or more"),
    "codexlb_web_flows": Refused(
        "codexlb_web_flows is 0: give 1 or more", ("--web", "--web-port", "PORT", "--set", "codexlb_web_flows=0")
    ),
    "codexlb_auth": wrong("codexlb_auth=none", "codexlb_auth is 'none': give one of auto, required, local"),
    "codexlb_rate_limit_headers": wrong("codexlb_rate_limit_headers=both", "is 'both': give one of pool, account"),
    "codexlb_trusted_proxies": wrong("codexlb_trusted_proxies=lan", "codexlb_trusted_proxies: 'lan' is no network"),
    "codexlb_hosts": wrong("codexlb_hosts=https://codex.example.com", "codexlb_hosts: 'https://codex.example.com'"),
    **{
        name: wrong(f"{name}=-1", rf"{name} is -1: give 0 \(for ever\) or more days")
        for name in ("codexlb_retention_days", "codexlb_explain_days")
    },
    "codexlb_allow": wrong("codexlb_allow=10.0.0.0/99", "codexlb_allow: '10.0.0.0/99' is no network"),
    "codexlb_upstream": wrong("codexlb_upstream=ftp://x", f"codexlb_upstream: 'ftp://x' {ORIGIN}"),
    "codexlb_issuer": wrong("codexlb_issuer=nonsense", f"codexlb_issuer: 'nonsense' {ORIGIN}"),
    **{
        name: wrong(f"{name}=0", f"{name} is 0: give 1 or more seconds")
        for name in ("codexlb_budget_seconds", "codexlb_head_timeout_seconds", "codexlb_idle_timeout_seconds")
    },
    "listen_host": wrong("listen_host=", "listen_host: '' is no address: give one like 127.0.0.1, or 0.0.0.0 for all"),
    "listen_port": wrong("listen_port=0", r"listen_port is 0: give 1 or more\."),
    "certs": Refused("certs: 'cert.pem' is no place of a file", environ=(("CODEXLB_CERTS", "cert.pem"),)),
    "body_size_limit": wrong("body_size_limit=much", "body_size_limit: 'much' is no size: give a number of bytes"),
    "no value": wrong("codexlb_auth", "codexlb_auth has no value: write --set codexlb_auth=VALUE"),
    "no number": wrong("codexlb_poll_seconds=x", r"codexlb_poll_seconds.*\bx\b"),
    # what the environment says, and the file
    "variable": Refused(
        "The variable CODEXLB_POLL_SECONDS cannot be used: codexlb_poll_seconds is 'soon': give a whole number",
        environ=(("CODEXLB_POLL_SECONDS", "soon"),),
    ),
    "file": Refused(r"config\.toml, line 2: codexlb_auth is 'none': give one", file='\ncodexlb_auth = "none"'),
    "misspelt setting": Refused(
        r"config\.toml, line 1: There is no setting 'codexlb_strategi': did you mean codexlb_strategy\?",
        file='codexlb_strategi = "fill_first"',
    ),
    "file with a mode": Refused(r"config\.toml, line 1: mode is not for this file", file='mode = "regular"'),
    "endless number": Refused(r"config\.toml is not TOML that can be read: a number", file="a = " + "1" * 5_000),
    "no TOML": Refused(r"config\.toml is not TOML \(line 1, column 8: .*\): mend it there", file="codexlb"),
    "file, though the command line decides": Refused(
        "config.toml, line 1: codexlb_poll_seconds is -1", file="codexlb_poll_seconds = -1"
    ),
    "certificate of the file": Refused(
        r"The certificate /nowhere/cert\.pem cannot be used", file='certs = "/nowhere/cert.pem"'
    ),
    "certificate of nobody": Refused(
        "The certificate ~nobody-of-that-name/cert.pem cannot be used", file='certs = "~nobody-of-that-name/cert.pem"'
    ),
    "everybody by the file, without a key": Refused("Other machines reach 0.0.0.0", file='listen_host = "0.0.0.0"'),
    # what would make it unsafe
    "unchecked certificates": wrong("ssl_insecure=true", f"ssl_insecure must be False {SAFE}"),
    "unchecked headers": wrong("validate_inbound_headers=false", f"validate_inbound_headers must be True {SAFE}"),
    "forward proxy": wrong("mode=regular@127.0.0.1:PORT", "mode"),
    # the data folder
    "lost key": Refused(r"The key file .*codexlb\.key is missing while the database holds tokens", home="lost key"),
    "other key": Refused(r"The key in .*codexlb\.key does not open the tokens in the database", home="other key"),
    "broken key": Refused(r"The key file .*codexlb\.key does not hold a key", home="broken key"),
    "no database": Refused(r"The file .*codexlb\.db is not a database", home="no database"),
    "no place for flows": Refused("/dev/null", ("-w", "/dev/null/flows")),
    # mitmproxy itself
    "other core": Refused(
        r"is not one that Codex-LB can be built into .*http\.SendHttp is gone.*: install mitmproxy",
        before="from mitmproxy.proxy.layers import http; del http.SendHttp",
    ),
}  # fmt: skip

if not HAS_PASSWORD:
    REFUSED["mitmweb for everybody"] = Refused(
        f"mitmweb {version.VERSION} has no password, so web_host must be 127.0.0.1, not '0.0.0.0'",
        ("--web", "--web-port", "PORT", "--set", "web_host=0.0.0.0"),
    )


HERE_ONLY = ("--upstream=http://127.0.0.1:9", "--set=codexlb_poll_seconds=0")
"""Also a proxy that starts against expectation reaches nobody; what stands behind these counts."""


def data_folders(parent: Path) -> dict[str, Path]:
    """One folder for each way in which it can be broken; mitmproxy's own certificate is there already."""
    names = (ONE, NO_ACCOUNTS, "lost key", "other key", "broken key", "no database")
    homes = {name: parent / name for name in names}
    CertStore.from_store(parent / "mitmproxy", "mitmproxy", 2048)
    for name, home in homes.items():
        shutil.copytree(parent / "mitmproxy", home / "mitmproxy")
        store_with(home, *(["a"] if name != NO_ACCOUNTS else [])).close()
    (homes["lost key"] / "codexlb.key").unlink()
    (homes["other key"] / "codexlb.key").write_bytes((homes[ONE] / "codexlb.key").read_bytes())
    (homes["broken key"] / "codexlb.key").write_text("no key")
    for file in homes["no database"].glob("codexlb.db*"):
        file.write_text("nothing")
    return homes


def home_of(homes: dict[str, Path], name: str, row: Refused) -> Path:
    """The data folder for a row; one with a file of settings is its own."""
    if not row.file:
        return homes[row.home]
    home = homes[row.home].with_name(f"{name} folder")
    shutil.copytree(homes[row.home], home)
    (home / "config.toml").write_text(row.file)
    return home


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ended]]:
    """How each of them ended."""
    homes = data_folders(tmp_path_factory.mktemp("homes"))
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as holder:
        held = str(holder.getsockname()[1])
        lines = {
            name: Line(
                [*HERE_ONLY, *(argument.replace("HELD", held) for argument in row.arguments)],
                {"CODEXLB_HOME": str(home_of(homes, name, row)), **dict(row.environ)},
                row.before,
            )
            for name, row in REFUSED.items()
        }
        lines[NO_ACCOUNTS] = Line([*HERE_ONLY], {"CODEXLB_HOME": str(homes[NO_ACCOUNTS])})
        lines[MITMWEB] = Line([*HERE_ONLY, "--web", f"--web-port={free_port()}"], {"CODEXLB_HOME": str(homes[ONE])})
        yield dict(zip(lines, run_forked(list(lines.values())), strict=True))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_one_sentence_and_an_exit_code(name: str, ended: dict[str, Ended]) -> None:
    said = ended[name].said
    assert ended[name].code in (1, 2), said
    assert "Traceback" not in said
    *usage, sentence = said.splitlines()
    assert re.search(rf"^Error: .*{REFUSED[name].sentence}", sentence)
    assert len(usage) == (0 if ended[name].code == 1 else 3), said


def test_every_setting_is_in_the_table() -> None:
    assert {each.name for each in SETTINGS} - set(REFUSED) == set()


def test_a_core_without_a_name_that_we_import_is_one_sentence_too() -> None:
    drift = "from mitmproxy.proxy.layers import http; del http.ReceiveHttp; from scripts.cli import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", drift, "serve"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert "Traceback" not in done.stderr
    assert "ReceiveHttp is gone" in done.stderr


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with two accounts."""
    store_with(tmp_path, "a", "b").close()
    return tmp_path


def secrets(home: Path) -> list[str]:
    """What must not be written anywhere: the tokens of the pool and the client's own."""
    with contextlib.closing(open_store(home)) as db:
        pool = load_credentials(db, Vault.open(home, {})).values()
    return [CLIENT_TOKEN, *(token for each in pool for token in (each.access_token, each.refresh_token))]


async def test_two_proxies_on_one_data_folder_both_serve_and_saved_flows_hold_no_token(home: Path) -> None:
    flows = home / "flows"
    async with contextlib.AsyncExitStack() as running:
        started = (serving(home, Upstream(), *more) for more in ((f"-w{flows}", "--verbose"), ()))
        both = await asyncio.gather(*map(running.enter_async_context, started))
        for proxy in both:
            assert [await proxy.ask(body=TURN, authorization=f"Bearer {CLIENT_TOKEN}") for _ in range(2)] == [
                (200, COMPLETED)
            ] * 2
        assert [await proxy.end() for proxy in both] == [0, 0]

    with contextlib.closing(open_store(home)) as db:
        found = requests(db, 9)
    assert [row.outcome for row in found] == ["completed"] * 4
    assert len({row.process for row in found}) == 2
    assert b"/backend-api/codex/responses" in flows.read_bytes()
    assert leaks(secrets(home), [flows, *(proxy.log_file for proxy in both)]) == []


async def test_with_a_certificate_clients_are_served_over_tls(home: Path, tmp_path: Path) -> None:
    """On this machine in the clear, too: who watches over the proxy need not trust the certificate."""
    certificate = tmp_path / "cert.pem"
    make_certificate(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with serving(home, Upstream(), "--cert", str(certificate)) as proxy:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", proxy.port, ssl=trusting, server_hostname="localhost"
        )
        head = f"POST {RESPONSES} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {len(TURN)}"
        writer.write(head.encode() + b"\r\n\r\n" + TURN)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        assert await proxy.ask(body=TURN) == (200, COMPLETED)
        assert f"listens on https://127.0.0.1:{proxy.port}/backend-api/codex" in proxy.log

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"response.completed" in answer


@pytest.mark.parametrize("auth", ["auto", "local"])
async def test_with_a_key_other_machines_may_reach_it(home: Path, auth: str) -> None:
    plain = a_key(home)
    async with serving(home, Upstream(), "--listen=0.0.0.0", f"--set=codexlb_auth={auth}") as proxy:
        status, _ = await proxy.ask(body=TURN)
        assert status == (200 if auth == "local" else 401)
        assert await proxy.ask(body=TURN, **bearer(plain)) == (200, COMPLETED)
        assert ("needs no client key" in proxy.log) is (auth == "local")


async def test_a_key_is_nowhere_on_disk_and_in_no_flow(home: Path) -> None:
    plain, wrong = a_key(home), "sk-clb-" + "w" * 43
    async with serving(home, Upstream(), f"-w{home / 'flows'}", "--verbose") as proxy:
        assert (await proxy.ask(body=TURN, **bearer(plain)))[0] == 200
        assert (await proxy.ask(body=TURN, **bearer(wrong)))[0] == 401
        assert (await proxy.ask("GET", "/v1/usage", b"", **bearer(plain)))[0] == 200
        assert (await proxy.ask("GET", "/nowhere", b"", **bearer(plain)))[0] == 404
        assert await proxy.end() == 0

    files = [path for path in home.rglob("*") if path.is_file()]
    assert home / "flows" in files
    assert leaks([plain, wrong], files) == []


async def test_the_chain_serves_in_mitmweb_which_shows_no_token(home: Path) -> None:
    password = ("--set=web_password=open",) if HAS_PASSWORD else ()
    port = free_port()
    async with serving(home, Upstream(), "--web", f"--web-port={port}", *password) as proxy:
        assert await proxy.ask(body=TURN, authorization=f"Bearer {CLIENT_TOKEN}") == (200, COMPLETED)
        shown = home / "shown.json"
        shown.write_bytes(await asyncio.to_thread(page, f"http://127.0.0.1:{port}/flows", "open"))
        assert await proxy.end() == 0

    assert [flow["request"]["path"] for flow in json.loads(shown.read_bytes())].count(RESPONSES) == 1
    assert leaks(secrets(home), [shown, proxy.log_file]) == []


def page(url: str, password: str) -> bytes:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {password}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: bytes = answer.read()
    return body


def test_mitmweb_can_be_opened_with_what_was_said_at_the_start(ended: dict[str, Ended]) -> None:
    assert ended[MITMWEB].code is None, ended[MITMWEB].said
    token = r"\?token=\w+" if HAS_PASSWORD else r"\n"
    assert re.search(r"http://127\.0\.0\.1:\d+/" + token, ended[MITMWEB].said)


def test_without_an_account_the_first_lines_say_what_to_do_next(ended: dict[str, Ended]) -> None:
    assert ended[NO_ACCOUNTS].code is None, ended[NO_ACCOUNTS].said
    assert "codexlb accounts login" in "\n".join(ended[NO_ACCOUNTS].said.splitlines()[:3])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "0.0.0.0",
        "localhost",
        "::1",
    ],
)
def test_mitmproxy_is_told_the_address_to_listen_on(host: str) -> None:
    wanted = Wanted({LISTEN_HOST.name: host, LISTEN_PORT.name: 2455}, (), {})
    options = options_for(wanted)

    [mode] = map(ProxyMode.parse, options.mode)

    assert (mode.listen_host(options.listen_host), mode.listen_port(options.listen_port)) == (host, 2455)
