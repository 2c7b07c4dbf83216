"""What an upstream quotes of tokens is hidden, in whatever form, and an error can still be read."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from addons.wire.redaction import (
    HIDDEN,
    MOST_CODE_CHARACTERS,
    code_without_quotes,
    shown_error,
    text_without_quotes,
    without_quotes,
    without_secrets,
)
from scripts.simulator.plans import Seat
from scripts.simulator.tokens import make_tokens
from tests.end_to_end.planted import Planted

TOKENS = make_tokens(Seat("ann", "plus"), "0123456789abcdef", 1.0, 2.0)
REFRESH = "rt_" + "Ab3/x+9=" * 8
SECRETS = {"access": TOKENS.access_token, "id": TOKENS.id_token, "refresh": REFRESH}

WRITERS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a sentence": lambda text: f"I know none of {text}, sorry.",
    "in JSON": lambda text: json.dumps({"error": {"message": text}}),
    "in JSON, slashes escaped": lambda text: json.dumps([text]).replace("/", r"\/"),
    "in JSON in JSON": lambda text: json.dumps(json.dumps({"t": text}).replace("/", r"\/")),
    "in JSON, as code points": lambda text: json.dumps([text]).replace("+", r"\u002b"),
    "in a header": lambda text: f'Bearer realm="x", error="{text}"',
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64 for URLs": lambda text: base64.urlsafe_b64encode(b"x" + text.encode()).decode(),
    "in a URL": lambda text: f"https://example.com/callback?token={quote(text, safe='')}&x=1",
    "in the path of a URL": lambda text: f"https://example.com/{text}/x",
    "in a form": lambda text: f"grant_type=refresh_token&refresh_token={quote(text, safe='')}",
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_nothing_of_a_token_is_left_in_an_error(write: Callable[[str], str], secret: str) -> None:
    """Also when nobody knows it: a token of yesterday, an account of somebody else."""
    shown = without_quotes(write(secret).encode(), ())
    assert HIDDEN in shown
    assert Planted({"a token": [secret]}).found_in(shown) == []
    assert re.search(rb"Ab3|eyJ", shown) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"error":{"type":"usage_limit_reached","resets_at":1795409049}}', id="JSON"),
        pytest.param("See https://chatgpt.com/codex/settings/usage?tab=limits for more.", id="a link"),
        pytest.param("x-request-id: 0ab89aba-cb9a-47ff-8951-d3febbd66efd", id="an id"),
        pytest.param("<html><head><title>502 Bad Gateway</title></head></html>", id="a page"),
    ],
)
def test_what_helps_to_understand_an_error_stays(text: str) -> None:
    assert without_quotes(text.encode(), {"rt_other", TOKENS.access_token}) == text.encode()


def test_a_short_token_is_known_by_how_it_begins() -> None:
    """One that nobody knows any more: a refresh has replaced it."""
    said = f"I know neither {TOKENS.refresh_token} nor ac_0123456789abcdef, but art_nouveau_and_deco".encode()
    assert without_quotes(said, ()) == b"I know neither [hidden] nor [hidden], but art_nouveau_and_deco"


def test_a_known_secret_is_hidden_however_short_and_wherever_it_stands() -> None:
    known = {"acct-ann", TOKENS.refresh_token}
    assert without_secrets(f"of acct-ann: {TOKENS.refresh_token}".encode(), known) == b"of [hidden]: [hidden]"


def test_an_answer_is_left_alone_but_for_tokens() -> None:
    """Reasoning comes sealed, in kilobytes that look like a token."""
    sealed = b'"encrypted_content":"gAAAAAB' + b"x" * 4000 + b'"'
    assert without_secrets(sealed, ()) == sealed
    assert without_secrets(b"data: " + TOKENS.access_token.encode(), ()) == b"data: " + HIDDEN


def test_a_compressed_error_is_read_and_one_that_cannot_be_is_not_shown() -> None:
    body = json.dumps({"error": TOKENS.access_token}).encode()
    assert shown_error(gzip.compress(body), "gzip", (), 1000) == b'{"error": "[hidden]"}'
    assert shown_error(b"?" * 10, "gzip", (), 1000) == b"[10 bytes that could not be decoded]"
    assert shown_error(gzip.compress(b" " * 10_000_000), "gzip", (), 1000).startswith(b"[")


def test_a_long_error_is_cut() -> None:
    assert shown_error(b"no " * 1000, "", (), 9) == b"no no no \n[2991 bytes more]"


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        pytest.param("previous_response_not_found", "previous_response_not_found", id="a code"),
        pytest.param("http_500", "http_500", id="ours"),
        pytest.param(TOKENS.access_token, "[hidden]", id="a token"),
        pytest.param("acct-ann", "[hidden]", id="a secret that is known"),
        pytest.param("a\nb\x1b[31m", "a?b?[31m", id="what a terminal would obey"),
        pytest.param("\ud800", "?", id="half a character"),
        pytest.param("too long " * 1000, ("too long " * 1000)[:MOST_CODE_CHARACTERS], id="endless"),
    ],
)
def test_what_an_error_is_called_can_be_kept(code: str, kept: str) -> None:
    assert code_without_quotes(code, {"acct-ann"}) == kept


def test_a_sentence_stays_one_but_for_its_tokens() -> None:
    sentence = f"Für {TOKENS.access_token} ist \ud800 zu."
    assert text_without_quotes(sentence, ()) == "Für [hidden] ist ? zu."
