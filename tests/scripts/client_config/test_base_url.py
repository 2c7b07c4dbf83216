from __future__ import annotations

import pytest

from scripts.client_config.base_url import BaseUrlError, base_url, is_exposed, is_loopback, mended


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://lb.example.com", "https://lb.example.com/backend-api/codex"),
        ("https://lb.example.com/", "https://lb.example.com/backend-api/codex"),
        ("http://127.0.0.1:2455/backend-api/codex/", "http://127.0.0.1:2455/backend-api/codex"),
        ("https://h/lb/backend-api/codex", "https://h/lb/backend-api/codex"),
        ("http://[::1]:1/backend-api/codex/v1", "http://[::1]:1/backend-api/codex/v1"),
    ],
    ids=["origin", "slash", "whole", "below a path", "with /v1"],
)
def test_an_origin_is_made_whole(text: str, found: str) -> None:
    assert base_url(text) == found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://h/v1", r"as in https://h/backend-api/codex\.$"),
        ("lb.example.com:2455", "is no address"),
        ("127.0.0.1:2455", "is no address"),
        ("ftp://h", "is no address"),
        ("http://h:99999", "is no address"),
        ("http://h:0", "is no address"),
        ("http://h/ x", "is no address"),
        ("http://", "is no address"),
        ("", "is no address"),
        ("http://me:hush@h", "no user, query or fragment"),
        ("http://h?key=hush", "no user, query or fragment"),
    ],
)
def test_what_cannot_be_its_address_is_refused_without_repeating_secrets(text: str, sentence: str) -> None:
    with pytest.raises(BaseUrlError, match=sentence) as refused:
        base_url(text)

    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://h/backend-api/codex", "https://h/backend-api/codex"),
        ("https://h", "https://h/backend-api/codex"),
        ("https://h/backend-api/", "https://h/backend-api/codex"),
        ("http://localhost:9/v1", "http://localhost:9/backend-api/codex"),
        ("https://api.other.example/v1", None),
        ("nonsense", None),
    ],
)
def test_a_url_that_was_nearly_right_is_mended(text: str, found: str | None) -> None:
    assert mended(text) == found


@pytest.mark.parametrize(
    ("url", "loopback", "exposed"),
    [
        ("http://127.0.0.1:1/x", True, False),
        ("http://127.9.9.9/x", True, False),
        ("http://[::1]/x", True, False),
        ("http://localhost/x", True, False),
        ("http://192.168.1.2/x", False, True),
        ("http://lb.example.com/x", False, True),
        ("https://lb.example.com/x", False, False),
    ],
)
def test_what_leaves_this_machine_unencrypted_is_known(url: str, loopback: bool, exposed: bool) -> None:
    assert (is_loopback(url), is_exposed(url)) == (loopback, exposed)
