"""Where requests go: our option, else what mitmproxy was told to be a reverse proxy of."""

from __future__ import annotations

import pytest
from mitmproxy.exceptions import OptionsError

from addons.destination import destination


@pytest.mark.parametrize(
    ("upstream", "modes", "url"),
    [
        pytest.param("", ["reverse:https://chatgpt.com@2455"], "https://chatgpt.com", id="mode"),
        pytest.param("", ["reverse:http://127.0.0.1:8000@[::1]:2455"], "http://127.0.0.1:8000", id="port"),
        pytest.param("", ["reverse:http://[::1]:8000"], "http://[::1]:8000", id="IPv6"),
        pytest.param("", ["reverse:chatgpt.com"], "https://chatgpt.com", id="no scheme"),
        pytest.param("", ["regular@8080", "reverse:http://10.0.0.1"], "http://10.0.0.1", id="second mode"),
        pytest.param("", ["regular"], "https://chatgpt.com", id="no reverse mode"),
        pytest.param("", ["reverse:tcp://10.0.0.1:1"], "https://chatgpt.com", id="not HTTP"),
        pytest.param("", [], "https://chatgpt.com", id="no mode"),
        pytest.param("http://127.0.0.1:1", ["reverse:https://chatgpt.com"], "http://127.0.0.1:1", id="own option"),
    ],
)
def test_the_upstream_is_found(upstream: str, modes: list[str], url: str) -> None:
    assert destination(upstream, modes).url == url


@pytest.mark.parametrize(
    "upstream",
    ["nonsense", "ftp://chatgpt.com", "https://", "https://chatgpt.com/backend-api", "http://h:99999", " ", "http://[::1"],
)  # fmt: skip
def test_what_is_no_origin_is_told_with_its_value(upstream: str) -> None:
    with pytest.raises(OptionsError, match=r"^codexlb_upstream: .*is not an origin: write") as raised:
        destination(upstream, ["regular"])

    assert repr(upstream) in str(raised.value)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(OptionsError) as raised:
        destination("https://me:hunter2@chatgpt.com", [])

    assert "hunter2" not in str(raised.value)
