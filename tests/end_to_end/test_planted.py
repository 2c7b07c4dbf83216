"""What was planted is found in whatever form it was written down, also if only a part of it was."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest

from scripts.simulator.plans import Seat
from scripts.simulator.tokens import make_tokens
from tests.end_to_end.planted import PIECE_CHARACTERS, Planted, forms, tokens_in

SECRET = 'rt-canary?>of "forty"/characters+or=more.é'

WRITERS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, one byte on": lambda text: base64.b64encode(b"x" + text.encode() + b"yz"),
    "base64, two bytes on": lambda text: base64.b64encode(b"xy" + text.encode()),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"xyz" + text.encode()).rstrip(b"="),
    "in a URL": lambda text: quote(text, safe="").encode(),
    "in a URL, in lower case": lambda text: re.sub("%..", lambda hit: hit[0].lower(), quote(text, safe="")).encode(),
    "in a form": lambda text: urlencode({"token": text}).encode(),
    "with plus signs": lambda text: quote_plus(text).encode(),
    "in JSON": lambda text: json.dumps({"token": text}).encode(),
    "in JSON, slashes escaped": lambda text: json.dumps(text).replace("/", r"\/").encode(),
    "in JSON, as UTF-8": lambda text: json.dumps(text, ensure_ascii=False).encode(),
    "in JSON in JSON": lambda text: json.dumps({"body": json.dumps({"token": text})}).encode(),
    "as Python": lambda text: repr({"token": text}).encode(),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_secret_is_found_however_it_was_written_down(write: Callable[[str], bytes], tmp_path: Path) -> None:
    planted = Planted({"a token": [SECRET]})
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "dump").write_bytes(b"before " + write(SECRET) + b" after")
    (tmp_path / "innocent").write_bytes(write(SECRET[1:-1]))

    assert planted.leaks([tmp_path]).keys() == {tmp_path / "folder" / "dump"}
    assert planted.found_in(b"") == []


def test_any_stretch_of_a_token_is_found_too() -> None:
    """As a log line or a message may cut it."""
    tokens = make_tokens(Seat("ann", "plus"), "0123456789abcdef", 1.0, 2.0)

    for token in (tokens.access_token, tokens.id_token):
        planted, length = Planted({"a token": [token]}), 2 * PIECE_CHARACTERS
        shown = [token[start : start + length] for start in range(len(token) - length + 1)]
        assert all(planted.found_in(stretch.encode()) for stretch in shown)


def test_forms_that_look_alike_are_one() -> None:
    assert len(forms("abcdefghi")) == 4  # in base64 it is another text at each alignment


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param('{"id_token":"a","access_token": "b"}', ["a", "b"], id="an answer"),
        pytest.param('{\n  "tokens": {\n    "refresh_token": "c"\n  }}', ["c"], id="a file"),
        pytest.param("GET / HTTP/1.1\r\nAuthorization: Bearer d e\r\nHost: f\r\n", ["d e"], id="a head"),
        pytest.param("grant_type=authorization_code&code=g&code_verifier=h", ["g", "h"], id="a redemption"),
        pytest.param('{"authorization_code":"i","code_challenge":"j","code_verifier":"k"}', ["i", "k"], id="a device"),
        pytest.param('{"token":"l","code":"token_expired"}', [], id="something else"),
    ],
)
def test_tokens_are_found_where_they_pass(data: str, found: list[str]) -> None:
    assert tokens_in(data.encode()) == found
