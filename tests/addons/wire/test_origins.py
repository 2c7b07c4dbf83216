"""An origin is scheme, host and port, and nothing else."""

from __future__ import annotations

import pytest

from addons.wire.origins import Origin, parse_origin


@pytest.mark.parametrize(
    ("text", "origin", "authority"),
    [
        ("https://chatgpt.com", Origin("https", "chatgpt.com", 443), "chatgpt.com"),
        ("HTTPS://ChatGPT.com:443", Origin("https", "chatgpt.com", 443), "chatgpt.com"),
        ("https://chatgpt.com:80", Origin("https", "chatgpt.com", 80), "chatgpt.com:80"),
        ("http://127.0.0.1:8080", Origin("http", "127.0.0.1", 8080), "127.0.0.1:8080"),
        ("http://[::1]:80", Origin("http", "::1", 80), "[::1]"),
        ("http://[::1]:8080", Origin("http", "::1", 8080), "[::1]:8080"),
        ("http://my_host-1", Origin("http", "my_host-1", 80), "my_host-1"),
    ],
)
def test_origins(text: str, origin: Origin, authority: str) -> None:
    found = parse_origin(text)

    assert found == origin
    assert found.authority == authority
    assert found.url == f"{origin.scheme}://{authority}"
    assert parse_origin(found.url) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "chatgpt.com",
        "//chatgpt.com",
        "chatgpt.com:443",
        "ftp://chatgpt.com",
        "wss://chatgpt.com",
        "https://",
        "https://:443",
        "https://chatgpt.com/",
        "https://chatgpt.com/backend-api",
        "https://chatgpt.com?a=b",
        "https://chatgpt.com?",
        "https://chatgpt.com#x",
        "https://chatgpt.com:0",
        "https://chatgpt.com:65536",
        "https://chatgpt.com:port",
        "https://chat gpt.com",
        "https://chatgpt.com\n",
        " https://chatgpt.com",
        "https://chat\tgpt.com",
        "https://-chatgpt.com",
        "https://chatgpt\u3002com",
        "http://[::1",
        "http://[::g]",
        "http://::1",
        "http://[:::1]",
        "http://[127.0.0.1]",
        "http://[v1.x]:80",
        "http://[::1]x",
    ],
)
def test_what_is_no_origin_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not an origin: write http"):
        parse_origin(text)


def test_a_password_in_an_origin_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="holds no user name") as caught:
        parse_origin("https://me:secret@chatgpt.com")

    assert "secret" not in str(caught.value)
