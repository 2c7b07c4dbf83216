"""Every setting: what it takes, and in which words it refuses."""

from __future__ import annotations

import pytest

from addons.settings.catalog import BY_NAME, SETTINGS
from addons.settings.setting import MOST

GOOD: dict[str, tuple[str, object]] = {
    "codexlb_strategy": ("round_robin", "round_robin"),
    "codexlb_cache_ttl_seconds": ("0", 0),
    "codexlb_account_concurrency": ("12", 12),
    "codexlb_budget_seconds": ("1", 1),
    "codexlb_head_timeout_seconds": ("1", 1),
    "codexlb_idle_timeout_seconds": ("1000000000", MOST),
    "codexlb_poll_seconds": ("0", 0),
    "codexlb_rate_limit_headers": ("account", "account"),
    "codexlb_auth": ("local", "local"),
    "codexlb_trusted_proxies": ("127.0.0.1, 10.0.0.0/8", "127.0.0.1, 10.0.0.0/8"),
    "codexlb_hosts": ("codex.example.com,pool", "codex.example.com,pool"),
    "codexlb_allow": ("", ""),
    "codexlb_retention_days": ("0", 0),
    "codexlb_explain_days": ("+7", 7),
    "codexlb_web_flows": ("1", 1),
    "codexlb_upstream": ("", ""),
    "codexlb_issuer": ("http://[::1]:8080", "http://[::1]:8080"),
    "listen_host": ("::1", "::1"),
    "listen_port": ("65535", 65535),
    "certs": ("example.com=/etc/cert.pem", "example.com=/etc/cert.pem"),
    "body_size_limit": ("64m", "64m"),
}

BAD: dict[tuple[str, str], str] = {
    ("codexlb_strategy", "Round_Robin"): "codexlb_strategy is 'Round_Robin': give one of capacity_weighted, relative_",
    ("codexlb_account_concurrency", "-1"): "codexlb_account_concurrency is -1: give 0 (no limit) or more.",
    ("codexlb_poll_seconds", "5m"): "codexlb_poll_seconds is '5m': give a whole number.",
    ("codexlb_poll_seconds", "1.5"): "codexlb_poll_seconds is '1.5': give a whole number.",
    ("codexlb_budget_seconds", "0"): "codexlb_budget_seconds is 0: give 1 or more seconds.",
    ("codexlb_retention_days", "1000000001"): "codexlb_retention_days is 1000000001: give 1000000000 or less.",
    ("codexlb_auth", ""): "codexlb_auth is '': give one of auto, required, local.",
    ("codexlb_allow", "lan"): "codexlb_allow: 'lan' is no network: give addresses or CIDRs like 10.0.0.0/8",
    ("codexlb_hosts", "https://x"): "codexlb_hosts: 'https://x' is no host name: give names like codex.example.com",
    ("codexlb_upstream", "chatgpt.com"): "codexlb_upstream: 'chatgpt.com' is not an origin: write http:// or https://",
    ("codexlb_issuer", ""): "codexlb_issuer: '' is not an origin",
    ("listen_host", ""): "listen_host: '' is no address: give one like 127.0.0.1, or 0.0.0.0 for all.",
    ("listen_host", " ::1"): "listen_host: ' ::1' is no address",
    ("listen_host", "[::1]"): "listen_host: '[::1]' is no address",
    ("listen_host", "::1\0"): r"listen_host is '::1\x00': give it without line ends and other control characters.",
    ("certs", "/a\n/b"): r"certs is '/a\n/b': give it without line ends",
    ("listen_port", "65536"): "listen_port is 65536: give 65535 or less.",
    ("certs", "cert.pem"): "certs: 'cert.pem' is no place of a file: give a path that begins with / or ~.",
    ("body_size_limit", "64 MB"): "body_size_limit: '64 MB' is no size: give a number of bytes",
    ("body_size_limit", ""): "body_size_limit: '' is no size",
}


@pytest.mark.parametrize("name", GOOD)
def test_what_a_person_writes_becomes_a_value(name: str) -> None:
    text, value = GOOD[name]

    assert BY_NAME[name].read(text) == value


def test_the_table_has_every_setting() -> None:
    assert list(GOOD) == [each.name for each in SETTINGS]


@pytest.mark.parametrize(("name", "text"), BAD, ids=[f"{name}={text}" for name, text in BAD])
def test_a_bad_value_is_one_sentence(name: str, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        BY_NAME[name].read(text)

    assert str(caught.value).startswith(BAD[name, text])
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("codexlb_poll_seconds", True, "codexlb_poll_seconds is true: give a whole number."),
        ("codexlb_poll_seconds", "300", "codexlb_poll_seconds is '300': give a whole number."),
        ("codexlb_poll_seconds", 1.5, "codexlb_poll_seconds is 1.5: give a whole number."),
        ("codexlb_auth", 1, "codexlb_auth is 1: give a text in quotes."),
        ("codexlb_hosts", ["pool"], "codexlb_hosts is a list: give a text in quotes."),
        ("codexlb_hosts", {"pool": 1}, "codexlb_hosts is a table: give a text in quotes."),
    ],
    ids=["truth", "text for a number", "fraction", "number for a text", "list", "table"],
)
def test_a_file_must_hold_the_right_kind(name: str, value: object, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        BY_NAME[name].checked(value)

    assert str(caught.value) == sentence


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.name)
def test_every_default_is_a_good_value(setting: object) -> None:
    each = BY_NAME[getattr(setting, "name", "")]

    assert each.checked(each.default) == each.default


@pytest.mark.parametrize(
    ("name", "variable"), [("codexlb_strategy", "CODEXLB_STRATEGY"), ("listen_port", "CODEXLB_LISTEN_PORT")]
)
def test_the_variable_of_a_setting_is_its_name_in_capitals(name: str, variable: str) -> None:
    assert BY_NAME[name].variable == variable
