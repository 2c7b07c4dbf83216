"""A browser of a few lines: asks for pages of a proxy, keeps its cookie, and says where its forms come from."""

from __future__ import annotations

import json
import urllib.parse
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codexlb_store.dashboard_password import hash_password, remove_password, save_password
from codexlb_store.schema import open_store
from tests.addons.proxy import Proxy

PASSWORD = "correct horse battery"
ELSEWHERE = "203.0.113.9"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """What is wrong, in a word."""
        return str(self.document["error"]["code"])


@dataclass
class Browser:
    """Talks to a proxy on this machine, as if through a reverse proxy for `address` if one is given."""

    proxy: Proxy
    address: str | None = None
    cookie: str | None = None

    async def get(self, path: str, method: str = "GET", **headers: str) -> Seen:
        """Ask for a page as somebody who reads HTML."""
        return await self.send(method, path, b"", {"accept": "text/html"} | headers)

    async def post(self, path: str, origin: str | None = "own", **fields: str) -> Seen:
        """Send a form, from a page of the proxy unless `origin` says otherwise."""
        host = f"http://127.0.0.1:{self.proxy.port}"
        headers = {} if origin is None else {"origin": host if origin == "own" else origin}
        return await self.send("POST", path, urllib.parse.urlencode(fields).encode(), headers)

    async def log_in(self, password: str = PASSWORD) -> Seen:
        return await self.post("/dashboard/login", password=password)

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Seen:
        lines = {"host": f"127.0.0.1:{self.proxy.port}", "connection": "close", "content-length": str(len(body))}
        lines |= {"x-forwarded-for": self.address} if self.address else {}
        lines |= {"cookie": f"other=1; {self.cookie}"} if self.cookie else {}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in (lines | headers).items())
        raw = await self.proxy.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        top, _, rest = raw.partition(b"\r\n\r\n")
        first, *fields = top.decode("latin-1").split("\r\n")
        seen = Seen(int(first.split()[1]), dict(_field(line) for line in fields), rest)
        if "set-cookie" in seen.headers:
            self.cookie = seen.headers["set-cookie"].partition(";")[0]
        return seen


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name.lower(), value


def set_password(home: Path, password: str | None = PASSWORD, now: float = 1.0) -> None:
    """Set the dashboard's password as the command does; None removes it."""
    with closing(open_store(home)) as db:
        if password is None:
            remove_password(db)
        else:
            save_password(db, hash_password(password, now))
