"""Small servers on loopback for the doctor to ask: they say what a test has them say, or nothing at all."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Quiet(HTTPServer):
    """It says nothing of clients that go away."""

    def handle_error(self, *_: object) -> None:
        """Whoever does not trust us leaves early."""


@contextlib.contextmanager
def server(
    status: int = 200, body: bytes = b"", certificate: Path | None = None, **headers: str
) -> Iterator[tuple[str, list[str]]]:
    """A server that gives every GET and POST this answer; its origin, and the heads of the requests so far."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            asked.append(f"{self.requestline}\n{self.headers}")
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with Quiet(("127.0.0.1", 0), Handler) as running:
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            running.socket = context.wrap_socket(running.socket, server_side=True)
            scheme = "https"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{running.server_port}", asked
        finally:
            running.shutdown()
            thread.join()


@contextlib.contextmanager
def codex_only(behind: str) -> Iterator[str]:
    """A reverse proxy as the README has it: it passes on what is below Codex's path, and knows nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if not self.path.startswith("/backend-api/codex/"):
                self.send_error(404)
                return
            connection = HTTPConnection(behind.removeprefix("http://"), timeout=20)
            fields = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, body, fields)
            with contextlib.closing(connection), connection.getresponse() as response:
                self.send_response_only(response.status)
                self.send_header("content-type", response.headers["content-type"])
                self.end_headers()
                self.wfile.write(response.read())

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with Quiet(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()


@contextlib.contextmanager
def listener(says: bytes = b"") -> Iterator[str]:
    """What takes connections, says this, and answers nothing else; its origin."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        held = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(sock.accept()[0])
                    held[-1].sendall(says)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            sock.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in held:
                one.close()


@contextlib.contextmanager
def trickle() -> Iterator[str]:
    """What begins an answer and goes on with it for ever, a byte at a time; its origin."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as sock:

        def answer() -> None:
            with contextlib.suppress(OSError), sock.accept()[0] as client:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not over.wait(0.05):
                    client.sendall(b".")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file
