"""The pages that a person sees in the browser while logging in: plain HTML, made of escaped values only."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode

from scripts.simulator.plans import Seat

HTML = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}


def _page(title: str, *parts: str) -> bytes:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
    return "\n".join([head, f"<h1>{escape(title)}</h1>", *parts, ""]).encode()


def _link(path: str, query: Iterable[tuple[str, str]], text: str) -> str:
    return f'<a href="{escape(path)}?{escape(urlencode(list(query)))}">{escape(text)}</a>'


def _said(seat: Seat) -> str:
    return f"{seat.name} ({seat.plan}, {seat.email})"


def message_page(title: str, text: str) -> bytes:
    """One sentence under a title."""
    return _page(title, f"<p>{escape(text)}</p>")


def chooser_page(path: str, query: Iterable[tuple[str, str]], seats: Iterable[Seat]) -> bytes:
    """Whom to log in as: a link per account and one to refuse, each the same request with the answer added."""
    asked = list(query)
    links = [_link(path, [*asked, ("login_hint", seat.name)], _said(seat)) for seat in seats]
    items = [f"<li>{link}</li>" for link in [*links, _link(path, [*asked, ("refused", "yes")], "None of them")]]
    return _page("Log in to Codex as", "<ul>", *items, "</ul>")


def device_page(path: str, seats: Iterable[Seat]) -> bytes:
    """A form for the code that a device shows, the account to log it in as, and the decision."""
    options = [f'<option value="{escape(seat.name)}">{escape(_said(seat))}</option>' for seat in seats]
    return _page(
        "Log in a device",
        f'<form method="post" action="{escape(path)}">',
        '<label>Code <input name="user_code" autocomplete="off" required></label>',
        '<label>Account <select name="account">',
        *options,
        "</select></label>",
        '<button name="decision" value="approve">Approve</button>',
        '<button name="decision" value="refuse">Refuse</button>',
        "</form>",
    )
