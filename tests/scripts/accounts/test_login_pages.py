"""The pages say what they are given, load nothing, and can run nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from scripts.accounts.login_pages import HEADERS, NOT_FOUND, STRANGER, UNFINISHED, Page, failed, html, succeeded

PAGES = {
    "succeeded": succeeded("Added ann@example.com."),
    "failed": failed("Nothing came."),
    "unfinished": UNFINISHED,
    "stranger": STRANGER,
    "not found": NOT_FOUND,
}


class Reader(HTMLParser):
    """The words of a page, and its tags with their attributes."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html(page).decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_says_what_it_is_given(page: Page) -> None:
    words = Reader(page).words

    assert {page.heading, page.sentence, page.next} <= set(words)
    assert "Codex-LB" in words


def test_what_a_page_says_is_never_markup() -> None:
    wicked = "<script>alert(1)</script><img src=x onerror='a' title=\"b\">&amp;"
    reader = Reader(failed(wicked))

    assert wicked in reader.words
    assert {"script", "img"}.isdisjoint(tag for tag, _ in reader.tags)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_loads_nothing(page: Page) -> None:
    names = {name for _, attributes in Reader(page).tags for name in attributes}

    assert names.isdisjoint({"src", "href", "action", "style"})
    assert "url(" not in html(page).decode()


def test_only_its_own_style_is_allowed() -> None:
    found = re.search(r"<style>(.*)</style>", html(UNFINISHED).decode(), re.DOTALL)
    assert found

    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert HEADERS["content-security-policy"].split("; ")[0] == "default-src 'none'"
    assert HEADERS["content-security-policy"].endswith(f"style-src 'sha256-{digest}'")
