"""A head means the same to every reader, or it is refused in a sentence; and nobody waits for more than it takes."""

from __future__ import annotations

import random

import pytest

from addons.wire.request_heads import MOST_FIELDS, MOST_HEAD_BYTES, Head, read_head
from addons.wire.routes import Refusal

HOST = b"Host: localhost\r\n"
TURN = b"POST /backend-api/codex/responses HTTP/1.1\r\n"


def whole(*fields: bytes, first: bytes = TURN, host: bytes = HOST) -> bytes:
    return first + host + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


@pytest.mark.parametrize(
    ("data", "fields", "body_bytes"),
    [
        pytest.param(whole(), (), 0, id="no body"),
        pytest.param(whole(b"content-length: 12"), ((b"content-length", b"12"),), 12, id="a length"),
        pytest.param(whole(b"Content-Length:0"), ((b"Content-Length", b"0"),), 0, id="a length of nothing"),
        pytest.param(
            whole(b"Transfer-Encoding:\tCHUNKED "), ((b"Transfer-Encoding", b"CHUNKED"),), None, id="in chunks"
        ),
        pytest.param(whole(b"Expect: 100-Continue"), ((b"Expect", b"100-Continue"),), 0, id="an expectation"),
        pytest.param(whole(b"x-empty:", b"X: a:b"), ((b"x-empty", b""), (b"X", b"a:b")), 0, id="empty, and a colon"),
        pytest.param(whole(b"x: h\xc3\xb6\xff"), ((b"x", b"h\xc3\xb6\xff"),), 0, id="any byte over 127"),
        pytest.param(whole(b"x: a\tb"), ((b"x", b"a\tb"),), 0, id="a tab"),
        pytest.param(whole(b"x: 1", b"x: 2"), ((b"x", b"1"), (b"x", b"2")), 0, id="twice"),
    ],
)
@pytest.mark.parametrize("behind", [b"", b"{}", b"GET / HTTP/1.1\r\n\r\n"], ids=["", "body", "next"])
def test_a_whole_head_is_read(
    data: bytes, fields: tuple[tuple[bytes, bytes], ...], body_bytes: int | None, behind: bytes
) -> None:
    read = read_head(data + behind)

    expected = ((b"Host", b"localhost"), *fields)
    assert read == Head(b"POST", b"/backend-api/codex/responses", b"HTTP/1.1", expected, body_bytes, len(data))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(whole(first=b"GET / HTTP/1.0\r\n", host=b""), id="HTTP/1.0 without a host"),
        pytest.param(whole(host=b""), id="no host: which one is not this reader's business"),
        pytest.param(whole(first=b"OPTIONS * HTTP/1.1\r\n"), id="asterisk"),
        pytest.param(whole(first=b"m-search /\xff#%zz HTTP/1.1\r\n"), id="what the router turns away"),
        pytest.param(whole(*[b"x: 1"] * (MOST_FIELDS - 1)), id="as many headers as there may be"),
        pytest.param(whole(b"x: " + b"y" * (MOST_HEAD_BYTES - len(whole(b"x: ")))), id="as large as it may be"),
    ],
)
def test_what_can_be_read_is_read(data: bytes) -> None:
    assert isinstance(read_head(data), Head)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        # the first line
        pytest.param(whole(first=b"GET /\r\n"), 400, id="no version"),
        pytest.param(whole(first=b"GET  / HTTP/1.1\r\n"), 400, id="two spaces"),
        pytest.param(whole(first=b"GET\t/\tHTTP/1.1\r\n"), 400, id="tabs"),
        pytest.param(whole(first=b" GET / HTTP/1.1\r\n"), 400, id="space before the method"),
        pytest.param(whole(first=b"GET / HTTP/1.1 \r\n"), 400, id="space behind the version"),
        pytest.param(whole(first=b"GET / x HTTP/1.1\r\n"), 400, id="space in the path"),
        pytest.param(whole(first=b"G(T / HTTP/1.1\r\n"), 400, id="no method"),
        pytest.param(whole(first=b"G\xffT / HTTP/1.1\r\n"), 400, id="a method that is no ASCII"),
        pytest.param(whole(first=b"GET / HTTP/2.0\r\n"), 400, id="HTTP/2"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2, prior knowledge"),
        pytest.param(whole(first=b"GET / HTTP/1.2\r\n"), 400, id="HTTP/1.2"),
        pytest.param(whole(first=b"GET / http/1.1\r\n"), 400, id="version in lower case"),
        pytest.param(whole(first=b"GET / HTTP/1.1x\r\n"), 400, id="longer version"),
        pytest.param(whole(first=b"GET /\x00 HTTP/1.1\r\n"), 400, id="NUL in the path"),
        pytest.param(whole(first=b"GET /\x0b HTTP/1.1\r\n"), 400, id="vertical tab in the path"),
        pytest.param(whole(first=b"GET http://localhost/ HTTP/1.1\r\n"), 400, id="absolute form"),
        pytest.param(whole(first=b"GET localhost HTTP/1.1\r\n"), 400, id="no path"),
        pytest.param(whole(first=b"CONNECT localhost:443 HTTP/1.1\r\n"), 400, id="a tunnel"),
        pytest.param(whole(first=b"GET /" + b"x" * 8300 + b" HTTP/1.1\r\n"), 414, id="a path that is too long"),
        pytest.param(b"\r\n\r\n", 400, id="no first line"),
        # headers
        pytest.param(whole(b"x : 1"), 400, id="space before the colon"),
        pytest.param(whole(b" x: 1"), 400, id="a folded line"),
        pytest.param(whole(b"\tx: 1"), 400, id="a folded line, by a tab"),
        pytest.param(whole(b"x"), 400, id="no colon"),
        pytest.param(whole(b": 1"), 400, id="no name"),
        pytest.param(whole(b"x\xe9: 1"), 400, id="a name that is no ASCII"),
        pytest.param(whole(b"x(y): 1"), 400, id="a name with brackets"),
        pytest.param(whole(b"x: \x00"), 400, id="NUL"),
        pytest.param(whole(b"x: \x1b[2J"), 400, id="escape"),
        pytest.param(whole(b"x: \x7f"), 400, id="delete"),
        pytest.param(whole(b"x: a\rb"), 400, id="bare CR"),
        pytest.param(whole(b"x: a\nb: c"), 400, id="bare LF"),
        pytest.param(whole(b"x: a\r"), 400, id="two CR"),
        pytest.param(whole(*[b"x: 1"] * MOST_FIELDS), 431, id="too many"),
        pytest.param(whole(b"x: " + b"y" * MOST_HEAD_BYTES), 431, id="too large"),
        # what must be said once
        pytest.param(whole(b"host: localhost"), 400, id="two hosts"),
        pytest.param(whole(b"content-length: 1", b"content-length: 1"), 400, id="two lengths"),
        pytest.param(whole(b"content-length: 1, 1"), 400, id="two lengths in one"),
        pytest.param(whole(b"content-length: 1", b"transfer-encoding: chunked"), 400, id="a length, and chunks"),
        pytest.param(whole(b"transfer-encoding: chunked", b"Transfer-Encoding: x"), 400, id="two codings"),
        pytest.param(whole(b"content-length: +1"), 400, id="a length with a sign"),
        pytest.param(whole(b"content-length: -1"), 400, id="a length below nothing"),
        pytest.param(whole(b"content-length: 01"), 400, id="a length with a zero before"),
        pytest.param(whole(b"content-length: 0x1"), 400, id="a length in hex"),
        pytest.param(whole(b"content-length: 1.0"), 400, id="a length with a fraction"),
        pytest.param(whole(b"content-length: \xd9\xa1"), 400, id="a length in other digits"),
        pytest.param(whole(b"content-length:"), 400, id="no length"),
        pytest.param(whole(b"content-length: " + b"9" * 5000), 413, id="a length nobody has"),
        pytest.param(whole(b"transfer-encoding: gzip, chunked"), 400, id="another coding too"),
        pytest.param(whole(b"transfer-encoding: identity"), 400, id="identity"),
        pytest.param(whole(b"transfer-encoding: xchunked"), 400, id="a coding like chunked"),
        pytest.param(whole(b"transfer-encoding:"), 400, id="no coding"),
        pytest.param(whole(b"transfer-encoding: chunked", first=b"GET / HTTP/1.0\r\n"), 400, id="chunks in HTTP/1.0"),
        pytest.param(whole(b"expect: the best"), 417, id="another expectation"),
        # what need not end to be wrong
        pytest.param(b"\x16\x03\x01", 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\n", 400, id="the first line ends with LF"),
        pytest.param(TURN + b"x: 1\ny: 2\r\n", 400, id="a line ends with LF"),
        pytest.param(b"hello\r\n", 400, id="a line that is no request"),
        pytest.param(b"GET /" + b"x" * 9000, 414, id="a path that does not end"),
        pytest.param(TURN + b"x: " + b"y" * MOST_HEAD_BYTES, 431, id="a header that does not end"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(data: bytes, status: int) -> None:
    refusal = read_head(data)

    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.message[-1:]) == (status, ".")


@pytest.mark.parametrize("length", [0, 1, len(TURN) - 1, len(TURN), -3, -1])
def test_a_head_that_has_not_ended_is_waited_for(length: int) -> None:
    data = whole(b"content-length: 1")

    assert read_head(data[:length]) is None


def test_whatever_comes_is_read_or_refused_and_what_is_refused_stays_so() -> None:
    """More of it does not make a bad head a good one, but for one that got as far as to be whole."""
    rng = random.Random(5)
    good = whole(b"content-length: 12", b"accept: */*", b"x-codex: {}")
    for _ in range(5_000):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(3)] = rng.choice([b"", b"\r", b"\n", b" ", b":", rng.randbytes(2), b"\r\n"])
        found = [read_head(bytes(data[:length])) for length in range(len(data) + 1)]
        refused = [isinstance(one, Refusal) for one in found]
        assert refused == sorted(refused), data
