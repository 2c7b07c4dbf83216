"""Real servers that answer, refuse, are silent, or are something else."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from scripts.doctor.http_call import Hurdle, Said, UnheardError, answer_of, ask
from tests.ports import free_port
from tests.scripts.doctor.servers import certificate, listener, server, trickle

SECONDS = 5.0


def hurdle(url: str, seconds: float = SECONDS) -> Hurdle:
    """Where asking it ends."""
    with pytest.raises(UnheardError) as caught:
        ask(url, seconds)
    assert caught.value.reason
    return caught.value.hurdle


def test_an_answer() -> None:
    with server(418, b"body", server="teapot", date="Sun, 22 Nov 2026 17:20:00 GMT") as (origin, asked):
        said = ask(f"{origin}/a?b=c", SECONDS, {"x-test": "1"})

    assert (said.status, said.server, said.body) == (418, "teapot", b"body")
    assert said.date == "Sun, 22 Nov 2026 17:20:00 GMT"
    assert asked[0].startswith("GET /a?b=c HTTP/1.1\n")
    assert "x-test: 1" in asked[0]


def test_an_answer_over_tls_from_somebody_who_is_trusted(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    with server(certificate=file) as (origin, _):
        assert hurdle(origin) is Hurdle.TRUST
        assert ask(origin, SECONDS, trust=ssl.create_default_context(cafile=file)).status == 200


def test_hurdles() -> None:
    with listener() as silent, listener(b"220 mail\r\n") as other, server() as (plain, _):
        assert hurdle(silent, 0.2) is Hurdle.SILENCE
        assert hurdle(other) is Hurdle.ANSWER
        assert hurdle(plain.replace("http:", "https:")) is Hurdle.TLS
    assert hurdle(f"http://127.0.0.1:{free_port()}") is Hurdle.REFUSED
    assert hurdle("http://no-such-name.invalid") is Hurdle.NAME
    assert hurdle("http://a..b") is Hurdle.NAME


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for() -> None:
    with trickle() as origin:
        found = answer_of(origin, 0.3)

    assert isinstance(found, UnheardError)
    assert found.hurdle is Hurdle.SILENCE


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"Why.","code":"x"}}', "Why."),
        (b'{"message":"Why."}', "Why."),
        (b'{"error":{"message":"\\u001b[31mWhy."}}', "\N{REPLACEMENT CHARACTER}[31mWhy."),
        (b'{"error":"why"}', "HTTP 503"),
        (b"[1]", "HTTP 503"),
        (b"<html>", "HTTP 503"),
        (b"\xff", "HTTP 503"),
    ],
)
def test_the_sentence_of_an_error(body: bytes, message: str) -> None:
    assert Said(503, None, None, body, 0.0).message == message
