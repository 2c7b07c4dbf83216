"""The captured requests are what they claim to be: real sizes, real encodings, no real tokens."""

from __future__ import annotations

import json

import pytest
import zstandard

from tests.captures import (
    DATA,
    CapturedRequest,
    capture_names,
    captured,
    captured_answer,
    upstream_answers,
    upstream_failures,
)


def header(request: CapturedRequest, name: str) -> str | None:
    return next((value for key, value in request.headers if key.lower() == name), None)


@pytest.mark.parametrize("name", capture_names())
def test_every_capture_loads_with_a_length_that_fits_its_body(name: str) -> None:
    for request in captured(name):
        assert header(request, "content-length") == (str(len(request.body)) if request.body else None)
        assert request.path.startswith(("/backend-api/", "/oauth/"))


def test_the_full_first_turn_has_its_real_size() -> None:
    [request] = captured("turn1_full")

    assert 67_000 < len(request.body) < 69_000
    assert json.loads(request.body)["model"] == "gpt-6.1-sol"


def test_a_client_with_a_chatgpt_login_compresses_without_a_content_size() -> None:
    [request] = captured("turn1_chatgpt_login")

    assert header(request, "content-encoding") == "zstd"
    assert zstandard.frame_content_size(request.body) == -1
    assert 20_000 < len(request.body) < 28_000
    assert json.loads(zstandard.ZstdDecompressor().decompressobj().decompress(request.body))["stream"] is True


def test_no_file_holds_a_token_or_takes_much_room() -> None:
    texts = [path.read_text() for path in DATA.rglob("*.json")]

    assert sum(map(len, texts)) < 500_000
    fake = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmYWtlIn0.fake-signature"
    assert not [text for text in texts if "eyJ" in text.replace(fake, "")]


def test_the_answers_hold_what_clients_accepted() -> None:
    assert captured_answer("legacy_0_136")["output"][0]["type"] == "compaction"
    assert captured_answer("wham_usage")["rate_limit"]["primary_window"]["limit_window_seconds"] == 18_000
    assert "models" in captured_answer("models", "answer_min")["body"]


def test_the_error_cases_have_names_of_their_own() -> None:
    names = [answer.name for answer in upstream_answers()]

    assert len(names) == len(set(names)) > 40
    assert upstream_failures()["usage_limit_reached"]["response"]["error"]["plan_type"] == "pro"
    assert upstream_failures()["sse_error"]["type"] == "error"
