"""A client that sends credentials of its own, in turns as Codex sends them and in requests that are none."""

from __future__ import annotations

import http.client
import socket
from uuid import uuid4

from tests.captures import captured
from tests.processes import ProxyProcess

BEARER, COOKIE = "sk-canary-of/the+client=itself", 'session="canary, of the client";'
"""What the client sends; they look different in every form."""

CREDENTIALS = {"authorization": f"Bearer {BEARER}", "cookie": COOKIE, "chatgpt-account-id": "of-the-client"}

TURN = captured("turn1_gpt_5_5")[0]
HEADERS = {name: value for name, value in TURN.headers if name not in ("host", "content-length")} | CREDENTIALS


def turn(proxy: ProxyProcess) -> int:
    """One turn of a new session; its status."""
    headers = HEADERS | {"session-id": uuid4().hex}
    connection = http.client.HTTPConnection(*proxy.address, timeout=60)
    try:
        connection.request(TURN.method, TURN.path, TURN.body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


CREDENTIAL_LINES = "".join(f"{name}: {value}\r\n" for name, value in CREDENTIALS.items())

ODD = {
    "no colon": f"GET /backend-api/codex/models HTTP/1.1\r\nAuthorization Bearer {BEARER}\r\n\r\n",
    "space before the colon": f"GET /backend-api/codex/models HTTP/1.1\r\nAuthorization : Bearer {BEARER}\r\n\r\n",
    "folded": f"GET /backend-api/codex/models HTTP/1.1\r\nX-A: b\r\n Authorization: Bearer {BEARER}\r\n\r\n",
    "no request": f"Authorization: Bearer {BEARER}\r\n\r\n",
    "no such version": f"GET /backend-api/codex/models HTTP/9.9\r\n{CREDENTIAL_LINES}\r\n",
    "no such path": f"GET /nothing HTTP/1.1\r\n{CREDENTIAL_LINES}\r\n",
    "another site": f"GET /backend-api/codex/models HTTP/1.1\r\nHost: evil.example\r\n{CREDENTIAL_LINES}\r\n",
    "a tunnel": f"CONNECT 127.0.0.1:1 HTTP/1.1\r\n{CREDENTIAL_LINES}\r\n",
    "a WebSocket": "GET /backend-api/codex/responses HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n{CREDENTIAL_LINES}\r\n",
    "no length": f"POST /backend-api/codex/responses HTTP/1.1\r\n{CREDENTIAL_LINES}Content-Length: x\r\n\r\n",
    "two lengths": "POST /backend-api/codex/responses HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n"
    f"{CREDENTIAL_LINES}\r\nhello",
    "no chunk": "POST /backend-api/codex/responses HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    f"{CREDENTIAL_LINES}\r\nAuthorization: Bearer {BEARER}\r\n",
    "a trailer": "POST /backend-api/codex/responses HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    f"Trailer: Authorization\r\n{CREDENTIAL_LINES}\r\n2\r\n{{}}\r\n0\r\nAuthorization: Bearer {BEARER}\r\n\r\n",
    "left in the middle": f"POST /backend-api/codex/responses HTTP/1.1\r\nContent-Length: 9\r\n{CREDENTIAL_LINES}\r\n",
}
"""What clients send by mistake, or to find out what happens."""


def send_odd(proxy: ProxyProcess) -> None:
    """All of that, each on a connection of its own; what is answered to whoever sent it is theirs to read."""
    for text in ODD.values():
        with socket.create_connection(proxy.address, timeout=10) as client:
            host = "" if "Host:" in text else f"\r\nHost: 127.0.0.1:{proxy.port}\r\n"
            client.sendall(text.replace("\r\n", host or "\r\n", 1).encode())
            client.shutdown(socket.SHUT_WR)
            while client.recv(65_536):
                pass
