"""The pages a browser sees when it comes back from a login: a heading and a sentence go in, HTML comes out.

Each is one file with nothing to fetch, and may run or load nothing: what it says may come from a stranger's link.
"""

from __future__ import annotations

import base64
import enum
import hashlib
from dataclasses import dataclass
from html import escape

STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --text: #17191c; --faint: #646a73; --line: #e3e6ea;
  --good: #1a7f4b; --bad: #c0352b; }
@media (prefers-color-scheme: dark) { :root { --ground: #101214; --card: #181b1f; --text: #eceef0; --faint: #98a0a9;
  --line: #2a2f35; --good: #4cc38a; --bad: #ff7a6e; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; width: min(30rem, 100vw - 2rem); padding: 2.5rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; overflow-wrap: anywhere; }
.mark { display: block; width: 2.75rem; height: 2.75rem; margin-bottom: 1.25rem; fill: none; stroke-width: 2.5;
  stroke-linecap: round; stroke-linejoin: round; }
.good { stroke: var(--good); }
.bad { stroke: var(--bad); }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.3; }
p { margin: 0; }
.next { margin-top: 1.25rem; color: var(--faint); }
footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--faint);
  font-size: .875rem; }
"""

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""The address a browser came with holds a code: it goes to nobody."""


class Mark(enum.Enum):
    """The sign above the heading, as an SVG path in a circle."""

    GOOD = "M14 24.5 21 31 34 17.5"
    BAD = "M24 13.5 24 26.5 M24 34 24 34.1"


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser is told, under which HTTP status."""

    status: int
    mark: Mark
    heading: str
    sentence: str
    next: str = "You may close this window."


def succeeded(sentence: str) -> Page:
    """The account went in."""
    return Page(200, Mark.GOOD, "You are logged in", sentence, "You may close this window and go back to the terminal.")


def failed(sentence: str) -> Page:
    """The login came to nothing."""
    return Page(400, Mark.BAD, "The login did not work", sentence)


UNFINISHED = failed("It was ended before it was finished: the terminal says why.")

STRANGER = Page(
    400,
    Mark.BAD,
    "This is not the login that was asked for",
    "The address you came by does not belong to the login that waits here, so nothing was changed.",
    "Open the address that the terminal shows.",
)

NOT_FOUND = Page(404, Mark.BAD, "There is nothing here", "Codex-LB waits here for a browser that logs in.")


def html(page: Page) -> bytes:
    """The page as it is sent."""
    sign = f'<svg class="mark {page.mark.name.lower()}" viewBox="0 0 48 48" aria-hidden="true">'
    lines = [
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(page.heading)} - Codex-LB</title>",
        f"<style>{STYLE}</style>",
        f'<main>\n{sign}<circle cx="24" cy="24" r="22"/><path d="{page.mark.value}"/></svg>',
        f"<h1>{escape(page.heading)}</h1>",
        f'<p>{escape(page.sentence)}</p>\n<p class="next">{escape(page.next)}</p>',
        "<footer>Codex-LB</footer>\n</main>\n</html>\n",
    ]
    return "\n".join(lines).encode()
