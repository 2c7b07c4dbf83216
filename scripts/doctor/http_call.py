"""One HTTP request of the doctor's: a URL goes in, what was said comes out, or at which hurdle it ended.

It goes straight there, past any proxy that the environment names, as Codex-LB's own requests do.
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from scripts.doctor.bounded import together
from scripts.report.printable import printable

MOST_BYTES = 16 * 1024 * 1024
"""The list of models has some hundred kilobytes."""


class Hurdle(enum.Enum):
    """Where a request ended, in the order they come; the value says it of a host."""

    NAME = "its name cannot be looked up"
    REFUSED = "nothing listens there"
    CONNECT = "it cannot be reached"
    TRUST = "its certificate cannot be trusted"
    TLS = "there is no TLS with it"
    ANSWER = "what answers does not speak HTTP"
    SILENCE = "it does not answer"


class UnheardError(Exception):
    """There was no answer: the hurdle, and the system's own words for it."""

    def __init__(self, hurdle: Hurdle, reason: str) -> None:
        super().__init__(f"{hurdle.value} ({reason})")
        self.hurdle = hurdle
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Said:
    """A whole answer, and when it came (unix seconds)."""

    status: int
    server: str | None
    date: str | None
    body: bytes = field(repr=False)
    heard_at: float

    @property
    def code(self) -> str | None:
        """The code of an error, where it has OpenAI's shape."""
        try:
            found = json.loads(self.body)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return None
        return found if isinstance(found, str) else None

    @property
    def message(self) -> str:
        """The sentence of an error, as far as there is one."""
        try:
            data = json.loads(self.body)
            found = data["error"]["message"] if "error" in data else data["message"]
        except (ValueError, KeyError, TypeError):
            found = f"HTTP {self.status}"
        return printable(str(found))


def ask(
    url: str, seconds: float, headers: Mapping[str, str] | None = None, trust: ssl.SSLContext | None = None
) -> Said:
    """What a GET of this URL is answered; raises UnheardError. `trust` is for https, else the system's."""
    with heard(url, "GET", seconds, headers or {}, None, trust) as response:
        body = response.read(MOST_BYTES)
        return Said(response.status, response.headers["server"], response.headers["date"], body, time.time())


def answer_of(
    url: str, seconds: float, headers: Mapping[str, str] | None = None, trust: ssl.SSLContext | None = None
) -> Said | UnheardError:
    """The same, as a value also where there is no answer, and in twice the time at most: names are looked up for as
    long as the system likes, and an answer may come byte by byte."""

    def answer() -> Said | UnheardError:
        try:
            return ask(url, seconds, headers, trust)
        except UnheardError as error:
            return error

    [found] = together(2 * seconds, [answer])
    return found or UnheardError(Hurdle.SILENCE, "no answer in time")


@contextlib.contextmanager
def heard(
    url: str, method: str, seconds: float, headers: Mapping[str, str], body: bytes | None, trust: ssl.SSLContext | None
) -> Iterator[http.client.HTTPResponse]:
    """The head of the answer, to be read on; raises UnheardError, also from within. `seconds` are for every wait."""
    connection = _connection(url, seconds, trust)
    parts = urlsplit(url)
    with contextlib.closing(connection), _hurdles():
        query = f"?{parts.query}" if parts.query else ""
        connection.request(method, (parts.path or "/") + query, body, dict(headers))
        with connection.getresponse() as response:  # which may outlive the connection
            yield response


def _connection(url: str, seconds: float, trust: ssl.SSLContext | None) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = trust or ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


@contextlib.contextmanager
def _hurdles() -> Iterator[None]:
    try:
        yield
    except (socket.gaierror, UnicodeError) as error:
        raise UnheardError(Hurdle.NAME, getattr(error, "strerror", None) or "no such name") from error
    except ssl.SSLCertVerificationError as error:
        raise UnheardError(Hurdle.TRUST, error.verify_message) from error
    except ssl.SSLError as error:
        raise UnheardError(Hurdle.TLS, (error.reason or "no TLS").replace("_", " ").lower()) from error
    except ConnectionRefusedError as error:
        raise UnheardError(Hurdle.REFUSED, "connection refused") from error
    except TimeoutError as error:
        raise UnheardError(Hurdle.SILENCE, "no answer in time") from error
    except http.client.HTTPException as error:
        raise UnheardError(Hurdle.ANSWER, type(error).__name__) from error
    except OSError as error:
        raise UnheardError(Hurdle.CONNECT, error.strerror or type(error).__name__) from error
