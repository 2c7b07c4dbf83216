from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

from scripts.simulator.pages import chooser_page, device_page, message_page
from scripts.simulator.plans import Seat

SEATS = (Seat("ann@acme", "team"), Seat("bob", "plus"))
NASTY = '"><script>&'


def links(page: bytes) -> list[tuple[str, list[tuple[str, str]]]]:
    """Path and query of every link."""
    found = [urlsplit(unescape(href)) for href in re.findall(r'href="([^"]*)"', page.decode())]
    return [(url.path, parse_qsl(url.query)) for url in found]


def test_the_chooser_links_the_same_request_with_each_answer() -> None:
    asked = [("state", NASTY), ("scope", "a b")]

    assert links(chooser_page("/p", asked, SEATS)) == [
        ("/p", [*asked, ("login_hint", "ann@acme")]),
        ("/p", [*asked, ("login_hint", "bob")]),
        ("/p", [*asked, ("refused", "yes")]),
    ]


def test_a_page_shows_who_each_account_is() -> None:
    for page in (chooser_page("/p", [], SEATS), device_page("/p", SEATS)):
        assert "ann@acme (team, ann@example.com)" in page.decode()


def test_the_device_page_asks_for_code_account_and_decision() -> None:
    page = device_page("/codex/device", SEATS).decode()

    assert '<form method="post" action="/codex/device">' in page
    assert re.findall(r'name="(\w+)"', page) == ["user_code", "account", "decision", "decision"]
    assert re.findall(r'<option value="([^"]*)"', page) == ["ann@acme", "bob"]


def test_nothing_that_came_in_becomes_markup() -> None:
    pages = (message_page(NASTY, NASTY), chooser_page("/p", [("state", NASTY)], []))

    assert not any(b"<script>" in page for page in pages)
