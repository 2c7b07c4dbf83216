"""Writes the dashboard's pages: a View and the store go in, a Document comes out. It runs in threads."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from sqlite_utils import Database

from addons.web import words
from addons.web.conversations_page import conversations_page
from addons.web.keys_page import keys_page
from addons.web.links import CONVERSATIONS, LIVE, REQUESTS, link
from addons.web.overview import overview_page
from addons.web.page import LIVE_REST, Page, Part, Reading, View
from addons.web.recall import Recall
from addons.web.request_log import requests_page
from addons.web.request_page import request_page
from addons.web.snapshot import Snapshot
from codexlb_store import phrases, quantity
from codexlb_store.pricing import Prices

__all__ = ["FOLDER", "Document", "Renderer", "View"]

FOLDER = Path(__file__).parent
HTML = "text/html; charset=utf-8"

ONE_REQUEST = f"{REQUESTS}/ID"

PAGES: dict[str, Callable[[Reading], Page]] = {
    "/dashboard": overview_page,
    REQUESTS: requests_page,
    ONE_REQUEST: request_page,
    CONVERSATIONS: conversations_page,
    "/dashboard/keys": keys_page,
}

NAVIGATION = (
    ("/dashboard", "Overview"),
    (REQUESTS, "Requests"),
    (CONVERSATIONS, "Conversations"),
    ("/dashboard/keys", "Keys"),
)

FILTERS = {
    "clock": words.clock,
    **{
        name: getattr(quantity, name)
        for name in ("count", "percent", "dollars", "duration", "age", "latency", "moment")
    },
}
WORDS = {
    **{name: getattr(words, name) for name in ("asked_for", "failure_words", "outcome_tone", "weight_words")},
    **{name: getattr(phrases, name) for name in ("cache_words", "estimate_words", "reason_words")},
}


@dataclass(frozen=True, slots=True)
class Document:
    """A page as it goes out."""

    body: bytes
    status: int = 200
    content_type: str = HTML


def fit(value: Any) -> Any:
    """Whatever a template writes: words are made printable and bounded, wherever they come from."""
    return words.printable(value) if type(value) is str else value


def cost_note(prices: Prices) -> str:
    """What the figures in dollars mean."""
    own = f" and your own of {prices.own.as_of:%Y-%m-%d}" if prices.own else ""
    return (
        "Cost is what the public API would have charged for the same tokens, "
        f"by its prices of {prices.as_of:%Y-%m-%d}{own}."
    )


def zone_name(now: float) -> str:
    """What this machine's time is called."""
    return datetime.datetime.fromtimestamp(now).astimezone().tzname() or "local time"


def kind_of(path: str) -> str | None:
    """The page that a path leads to, any single request's being one; None when there is none."""
    if path.startswith(f"{REQUESTS}/"):
        return ONE_REQUEST
    return path if path in PAGES else None


class Renderer:
    """The templates, read once; text that comes from anywhere is escaped."""

    def __init__(self, home: Path, prices: Prices) -> None:
        self.home = home
        self.recall = Recall()
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=fit,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.templates.filters.update(FILTERS)
        self.templates.globals.update(WORDS, cost_note=cost_note(prices), navigation=NAVIGATION)

    def login_page(self, message: str | None = None, status: int = 200) -> Document:
        """Where the password is given; `message` says what was wrong with the last try."""
        return self.fill("login.html", status, message=message)

    def sorry_page(self, view: View, title: str, message: str, status: int) -> Document:
        """A page that says in one sentence why there is no other."""
        html = self.templates.get_template("sorry.html").render(message=message)
        return self.frame(view, title, status, {"sorry": html}, live=None)

    def render(self, db: Database, view: View, kind: str) -> Document:
        """The page of this kind. `db` can be read only; the caller closes it."""
        page = PAGES[kind](Reading(db, view, self.home, self.recall))
        written = self.written(page.parts)
        alive = {part.id: written[part.id] for part in page.parts if part.is_live}
        version = Snapshot.of(alive).version
        live = link(LIVE, {**view.parameters, "page": view.path}) if alive else None
        return self.frame(view, page.title, page.status, written, live, version)

    def snapshot(self, db: Database, view: View, kind: str) -> Snapshot:
        """The live parts of the page of this kind."""
        reading = Reading(db, view, self.home, self.recall, LIVE_REST, [self.recall.clock()])
        live = [part for part in PAGES[kind](reading).parts if part.is_live]
        return Snapshot.of(self.written(live), min(reading.read_at))

    def written(self, parts: Iterable[Part]) -> dict[str, str]:
        """The HTML of each part by its id."""
        return {part.id: self.templates.get_template(part.template).render(part.values) for part in parts}

    def frame(
        self, view: View, title: str, status: int, written: dict[str, str], live: str | None, version: str = ""
    ) -> Document:
        """A whole page around its parts; `live` is where to ask what changes in it, if anything can."""
        zone = zone_name(view.now)
        return self.fill(
            "frame.html", status, view=view, title=title, parts=written, live=live, version=version, zone=zone
        )

    def fill(self, template: str, status: int = 200, **values: object) -> Document:
        """A template with values."""
        return Document(self.templates.get_template(template).render(**values).encode("utf-8", "replace"), status)
