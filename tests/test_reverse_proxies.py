"""The README's nginx and Caddy: their syntax, and one turn through the real programs in front of the real proxy."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.addons.key_lab import TURN, a_key, bearer
from tests.addons.proxy import store_with
from tests.addons.raw_client import PATIENCE_SECONDS, RawClient
from tests.addons.serving import serving
from tests.addons.upstreams import Holding
from tests.ports import free_port
from tests.sources import ROOT

README = (ROOT / "README.md").read_text()
NAME = "codex.example.com"
ALLOWED, ELSEWHERE = "127.0.0.7", "127.0.0.8"
USAGE = ("/backend-api/wham/usage", "/api/codex/usage", "/backend-api/codex/v1/usage")
FILES = ("/backend-api/files", "/backend-api/files/file_1/uploaded", "/backend-api/codex/v1/files")
NOT_CODEX = (
    *("/", "/health", "/dashboard", "/metrics", "/api/v1/keys", "/v1/usage/x", "/backend-api/wham", "/api/codex"),
    *("/backend-api/wham/usage/x", "/backend-api/wham/tasks", "/api/codex/usage/x", "/backend-api/filesystem"),
)
"""What the reverse proxy itself knows nothing of."""
PLACES = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"))
"""Where Debian puts nginx, which is no command for everybody."""


def block(language: str) -> str:
    """The README's one code block in this language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return str(found)


def instead(text: str, *replacements: tuple[str, str]) -> str:
    """The text with each of these once in the place of what it was."""
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def program(name: str) -> str:
    """Where it is; without it the test is skipped, but fails where CODEXLB_REQUIRE_PROXIES is set."""
    if found := shutil.which(name, path=PLACES):
        return found
    reason = f"{name} is not installed: apt-get install {name}"
    if os.environ.get("CODEXLB_REQUIRE_PROXIES"):
        pytest.fail(reason)
    pytest.skip(reason)


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the name, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    return certificate, secret


@dataclass(frozen=True, slots=True)
class Front:
    """A reverse proxy that is set up: the command that runs it, its port, and whose word its certificate is good by."""

    command: list[str]
    port: int
    trusted: Path
    check: list[str]
    environ: dict[str, str]


def nginx(folder: Path, upstream_port: int) -> Front:
    """nginx with the README's server in an otherwise empty configuration; everything it writes is in this folder."""
    port, (certificate, secret) = free_port(), write_certificate(folder)
    server = instead(
        block("nginx"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (f"/etc/ssl/{NAME}.pem", str(certificate)),
        (f"/etc/ssl/{NAME}.key", str(secret)),
        ("127.0.0.1:2455", f"127.0.0.1:{upstream_port}"),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\ndaemon off;\nmaster_process off;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    command = [program("nginx"), "-e", f"{folder}/error.log", "-p", str(folder), "-c", str(configuration)]
    return Front(command, port, certificate, [*command, "-t"], dict(os.environ))


def caddy(folder: Path, upstream_port: int) -> Front:
    """Caddy with the README's site, certified by Caddy's own authority; everything it writes is in this folder."""
    port = free_port()
    options = (
        "admin off", "local_certs", "skip_install_trust", "auto_https disable_redirects", "default_bind 127.0.0.1",
        f"https_port {port}", f"http_port {free_port()}", f"storage file_system {folder}/storage",
        "servers {\n\t\tprotocols h1\n\t}",
    )  # fmt: skip
    site = instead(block("caddyfile"), ("127.0.0.1:2455", f"127.0.0.1:{upstream_port}"))
    configuration = folder / "Caddyfile"
    configuration.write_text("{\n" + "".join(f"\t{option}\n" for option in options) + "}\n\n" + site)
    places = {"HOME": str(folder), "XDG_DATA_HOME": f"{folder}/data", "XDG_CONFIG_HOME": f"{folder}/config"}
    of_file = ["--adapter", "caddyfile", "--config", str(configuration)]
    return Front(
        [program("caddy"), "run", *of_file],
        port,
        folder / "storage" / "pki" / "authorities" / "local" / "root.crt",
        [program("caddy"), "validate", *of_file],
        {**os.environ, **places},
    )


Make = Callable[[Path, int], Front]
both = pytest.mark.parametrize("make", [nginx, caddy])


@both
def test_the_readmes_snippet_is_understood(tmp_path: Path, make: Make) -> None:
    front = make(tmp_path, 2455)
    done = subprocess.run(front.check, env=front.environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr  # as nginx does


def test_caddy_would_write_its_snippet_just_so(tmp_path: Path) -> None:
    """As it stands in the README, with the real name and port."""
    site = tmp_path / "Caddyfile"
    site.write_text(block("caddyfile"))
    formatted = subprocess.run([program("caddy"), "fmt", str(site)], capture_output=True, text=True, check=False)
    assert formatted.stdout == site.read_text()


async def connect(front: Front, source: str) -> RawClient:
    """A connection over TLS, from this address of this machine."""
    context = ssl.create_default_context(cafile=str(front.trusted))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", front.port, ssl=context, server_hostname=NAME, local_addr=(source, 0)
    )
    return RawClient(reader, writer)


@contextlib.asynccontextmanager
async def running(front: Front, log: Path) -> AsyncIterator[None]:
    """The reverse proxy as a process of its own; it ends with the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            front.command, env=front.environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        async with asyncio.timeout(30):
            while True:
                assert process.poll() is None, log.read_text()
                with contextlib.suppress(OSError):
                    (await connect(front, ALLOWED)).writer.close()
                    break
                await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 15)


async def ask(front: Front, source: str, line: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """One request and its whole answer."""
    client = await connect(front, source)
    lines = {"host": NAME, "connection": "close", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    client.send(f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body)
    top, _, rest = (await client.ended()).partition(b"\r\n\r\n")
    client.writer.close()
    return int(top.split()[1]), rest


@both
async def test_one_turn_arrives_piece_by_piece_and_nothing_but_codex_comes_through(tmp_path: Path, make: Make) -> None:
    """Who asks is known by the address that the reverse proxy was asked from, whatever the client says of itself."""
    home, upstream = tmp_path / "home", Holding()
    store_with(home, "a").close()
    key = bearer(a_key(home))
    options = (f"--set=codexlb_{name}" for name in ("trusted_proxies=127.0.0.1", f"allow={ALLOWED}"))
    turn = "POST /backend-api/codex/responses"
    async with serving(home, upstream, *options) as proxy:
        front = make(tmp_path, proxy.port)
        async with running(front, tmp_path / "front.log"):
            client = await connect(front, ALLOWED)
            head = f"{turn} HTTP/1.1\r\nhost: {NAME}\r\nauthorization: {key['authorization']}\r\nconnection: close\r\n"
            client.send(f"{head}content-length: {len(TURN)}\r\n\r\n".encode() + TURN)
            async with asyncio.timeout(PATIENCE_SECONDS):
                begun = await client.reader.readuntil(b'"delta":"hi"')
            assert begun.startswith(b"HTTP/1.1 200")
            upstream.let_go.set()
            assert b"response.completed" in await client.ended()
            client.writer.close()

            status, body = await ask(front, ELSEWHERE, turn, {"x-forwarded-for": ALLOWED, **key}, TURN)
            assert (status, ELSEWHERE in body.decode()) == (403, True)
            assert (await ask(front, ALLOWED, turn, {}, TURN))[0] == 401
            status, body = await ask(front, ALLOWED, "GET /v1/usage", key)
            assert (status, b'"request_count"' in body) == (200, True)
            for path in USAGE:
                status, body = await ask(front, ALLOWED, f"GET {path}", key)
                assert (status, b'"rate_limit"' in body) == (200, True), path
            for path in NOT_CODEX:
                status, body = await ask(front, ALLOWED, f"GET {path}", key)
                assert (status, b'"error"' in body) == (404, False), path
            assert len(upstream.requests) == 1
            for path in FILES:
                assert (await ask(front, ALLOWED, f"POST {path}", key, b"{}"))[0] == 200, path
    assert b"x-forwarded" not in upstream.requests[0].lower()
