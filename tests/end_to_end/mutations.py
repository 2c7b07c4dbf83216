"""Requests that went wrong: a seed in, turns out as no client in its right mind would send them."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import brotli  # type: ignore[import-untyped]
import zstandard

PATH = b"/backend-api/codex/responses"
VERSIONED = b"/backend-api/codex/v1/responses"
TURN = {
    "model": "gpt-5.5",
    "instructions": "Be brief. " * 20,
    "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hö"}]}],
    "stream": True,
    "store": False,
    "prompt_cache_key": "01890a5d-ac96-774b-bcce-b302099a8057",
}
HEADERS = (
    b"accept: text/event-stream",
    b"content-type: application/json",
    b"authorization: Bearer sk-client",
    b"originator: codex_exec",
    b"session-id: 01890a5d-ac96-774b-bcce-b302099a8057",
    b'x-codex-turn-metadata: {"session_id":"01890a5d-ac96-774b-bcce-b302099a8057"}',
    b"user-agent: codex_exec/0.169.0 (Debian 13.0.0; x86_64) xterm-256color",
)


@dataclass(slots=True)
class Draft:
    """A request while it is made: the lines of its head, its body, and how both are put together."""

    lines: list[bytes]
    body: bytes
    rng: random.Random
    line_end: bytes = b"\r\n"
    sized: bool = True
    raw: bytes | None = None
    """Instead of all that."""

    def at(self) -> int:
        """One of the lines, hardly ever the first."""
        return self.rng.randrange(len(self.lines) > 1, len(self.lines))

    def bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        lengths = [b"content-length: %d" % len(self.body)] if self.sized else []
        return self.line_end.join([*self.lines, *lengths, b"", b""]) + self.body


def draft(rng: random.Random) -> Draft:
    """A turn as it should be, of a client that says `v1` or of one that does not."""
    first = b"POST " + rng.choice([PATH, PATH, VERSIONED]) + b" HTTP/1.1"
    return Draft([first, b"host: localhost", *HEADERS], json.dumps(TURN).encode(), rng)


def some(rng: random.Random, data: bytes, *instead: bytes) -> bytes:
    """The data with one place of it changed."""
    at = rng.randrange(len(data) + 1)
    flipped = bytes([(data + b" ")[at] ^ 1 << rng.randrange(8)])
    piece = rng.choice([rng.randbytes(rng.randrange(1, 4)), b"", flipped, *instead])
    return data[:at] + piece + data[at + rng.randrange(3) :]


METHODS = (b"GET", b"post", b"CONNECT", b"TRACE", b"BREW", b"", b"P OST", b"\x00", b"PO\xffST", b"PRI", b"OPTIONS")
TARGETS = (
    b"*", b"", b"http://evil.example/", b"//evil.example/", b"/backend-api/codex/../wham/usage", b"/%2e%2e/x", b"/..;/",
    PATH + b"\\..", PATH + b"%00", PATH + b"%0d%0ax: y", PATH + b"#x", b"/" + b"x" * 9000, PATH + b"/%252e%252e/x",
    b"localhost:443", b"/\xff\xfe", PATH.upper(), b"/health/../", b"/backend-api/codex/", b"?", PATH + b"\t",
    VERSIONED, VERSIONED + b"/compact?v1/", VERSIONED.replace(b"v1", b"v1/v1"), VERSIONED.replace(b"v1", b"V1"),
    VERSIONED.replace(b"v1", b"%76%31"), VERSIONED.replace(b"v1", b"v1;a"), VERSIONED.replace(b"v1", b"v1/.."),
    VERSIONED.replace(b"v1/", b"v1%2f"), VERSIONED.replace(b"v1/", b";a/"), PATH + b";a", PATH + b"%3fa",
    b"/backend-api/files", b"/backend-api/files/file_1/uploaded", b"/backend-api/files/file_1/uploaded/",
    b"/backend-api/files/../codex/responses", b"/backend-api/files/a;b/uploaded", b"/backend-api/FILES",
    b"/backend-api/codex/files/file_1/uploaded", b"/backend-api/codex/v1/files", b"/backend-api/codex/v1/usage",
    b"/backend-api/wham/usage", b"/api/codex/usage", b"/backend-api/codex/usage", b"/backend-api/codex/Wham/usage",
)  # fmt: skip
VERSIONS = (b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b"HTTP/1.10", b"HTTP/1.", b"", b"HTTP/0.9", b"ICY/1.1")
FIELDS = (
    b"host: evil.example", b"Host: localhost", b"host:", b"x : y", b" folded", b"\tfolded", b"nocolon", b": y", b"",
    b"x: \x00", b"x: a\rb", b"x: a\nb: c", b"x\xe9: y", b"x: \x1b[2J", b"content-length: 5", b"content-length: -1",
    b"content-length: 1e3", b"Content-Length: 0x10", b"content-length: 99999999999999999999", b"content-length:",
    b"transfer-encoding: chunked", b"transfer-encoding: gzip, chunked", b"transfer-encoding: identity",
    b"transfer-encoding : chunked", b"Transfer-Encoding: xchunked", b"expect: miracles", b"origin: https://evil.example",
    b"upgrade: websocket", b"sec-fetch-site: cross-site", b"x: " + b"y" * 70_000, b"content-encoding: zstd",
    b"content-encoding: compress", b"content-encoding: gzip, gzip, br", b"content-encoding: gzip\x00",
    b"connection: close, host", b"te: trailers, chunked", b"trailer: content-length",
)  # fmt: skip
BODIES = (
    b"", b"[]", b"null", b"5", b'"x"', b"{", b"}", b'{"model":5}', b'{"stream":"yes"}', b'{"input":{}}',
    b'{"model":[]}',
    b"\xef\xbb\xbf{}", b'{"a":\xff}', b'{"model":"\xed\xa0\x80"}', b'{"a":NaN}', b"{}{}", b'{"a":1,}', b"{'a':1}",
    b'{"input":' + b"[" * 20_000, b'{"a":' * 20_000 + b"1" + b"}" * 20_000, json.dumps(TURN).encode("utf-16"),
    json.dumps(TURN).encode("utf-32"), b"--x\r\ncontent-disposition: form-data\r\n\r\ny\r\n--x--", b"model=gpt-5.5",
    bytes(100_000), b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
CHUNKS = (
    b"zz\r\n", b"5\r\nhello", b"5\nhello\n0\n\n", b"-1\r\nx", b"2\r\n{}}\r\n0\r\n\r\n", b"ffffffffff\r\n",
    b"2;\x00\r\n{}\r\n", b"2\r\n{}\r\n0\r\nx: y\r\n\r\n", b"2\r\n{}\r\n0\r\n" + b"x" * 300, b"1" * 400, b"\r\n\r\n",
    b"0x2\r\n{}\r\n", b" 2\r\n{}\r\n",
)  # fmt: skip


def line(made: Draft) -> None:
    at = made.at()
    made.lines[at] = some(made.rng, made.lines[at], b"\r\n", b"\r", b"\n", b" ", b":", b"\x00")


def first_line(made: Draft) -> None:
    parts = [b"POST", PATH, b"HTTP/1.1"]
    which = made.rng.randrange(4)
    if which == 3:
        made.lines[0] = some(made.rng, made.lines[0], b" ", b"\t", b"\r\n")
    else:
        parts[which] = made.rng.choice((METHODS, TARGETS, VERSIONS)[which])
        made.lines[0] = b" ".join(parts)


def order(made: Draft) -> None:
    at, to = made.rng.randrange(len(made.lines)), made.rng.randrange(len(made.lines))
    made.lines[at], made.lines[to] = made.lines[to], made.lines[at]


def drop(made: Draft) -> None:
    made.lines.pop(made.rng.randrange(len(made.lines)))
    made.lines = made.lines or [b""]


def double(made: Draft) -> None:
    made.lines.insert(made.at(), made.rng.choice(made.lines))


def field(made: Draft) -> None:
    made.lines.insert(made.at(), made.rng.choice(FIELDS))


def many_fields(made: Draft) -> None:
    made.lines += [b"x: y"] * made.rng.choice([90, 200, 3000])


def line_ends(made: Draft) -> None:
    made.line_end = made.rng.choice([b"\n", b"\r", b"\n\r", b"\r\r\n", b""])


def body(made: Draft) -> None:
    made.body = made.rng.choice([made.rng.choice(BODIES), made.body[: made.rng.randrange(len(made.body) + 1)]])


def broken_body(made: Draft) -> None:
    made.body = some(made.rng, made.body or b"x", b'"', b"{", b"]", b"\\", b"\xff", b"\x00")


def length(made: Draft) -> None:
    made.sized = False
    lie = made.rng.choice([-len(made.body), -1, 1, 7, 10**6, 10**9])
    made.lines.append(b"content-length: %d" % (len(made.body) + lie))


def chunks(made: Draft) -> None:
    made.sized = False
    made.lines.append(b"transfer-encoding: chunked")
    whole = b"%x\r\n%b\r\n0\r\n\r\n" % (len(made.body), made.body)
    made.body = made.rng.choice([made.rng.choice(CHUNKS), some(made.rng, whole, b"\r\n", b"\n")])


def encoding(made: Draft) -> None:
    packed = {
        b"gzip": gzip.compress(made.body), b"deflate": zlib.compress(made.body),
        b"br": brotli.compress(made.body), b"zstd": zstandard.compress(made.body),
    }  # fmt: skip
    name = made.rng.choice(list(packed))
    made.lines.append(b"content-encoding: " + made.rng.choice(list(packed)))
    found = packed[name]
    made.body = made.rng.choice([found, found[:-1], found[: len(found) // 2], some(made.rng, found), found + b"x"])


def cut(made: Draft) -> None:
    whole = made.bytes()
    made.raw = whole[: made.rng.randrange(1, len(whole))]


def noise(made: Draft) -> None:
    whole = made.bytes()
    made.raw = made.rng.choice([made.rng.randbytes(made.rng.randrange(1, 400)), some(made.rng, whole), whole[::-1]])


MUTATIONS: tuple[Callable[[Draft], None], ...] = (
    line, first_line, order, drop, double, field, field, many_fields, line_ends,
    body, body, broken_body, length, chunks, chunks, encoding, cut, noise,
)  # fmt: skip


def mutant(rng: random.Random) -> bytes:
    """A request with one to three things wrong with it."""
    made = draft(rng)
    for mutate in rng.choices(MUTATIONS, k=rng.choice([1, 1, 2, 3])):
        mutate(made)
    return made.bytes()


def mutants(seed: int, count: int) -> Iterator[bytes]:
    """So many requests."""
    rng = random.Random(seed)
    return (mutant(rng) for _ in range(count))
