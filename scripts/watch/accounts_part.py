"""The accounts: a look goes in, lines with their windows and how fast they are used come out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from rich.text import Text

from codexlb_store.account_views import AccountView
from codexlb_store.heat import Burn
from codexlb_store.quantity import age, count, dollars, duration, percent, window_name
from codexlb_store.usage import Dimension
from codexlb_store.windows import used_now
from scripts.accounts.status import status_style
from scripts.accounts.table import NO_ACCOUNTS
from scripts.bars import NARROWEST_BAR, WIDEST_BAR, bar, usage_style
from scripts.glance.line import SERVES
from scripts.report.pace_words import end_words, pace_words
from scripts.report.windows_now import OLD_SECONDS, WindowNow
from scripts.watch.choosing import Choosing, Sort
from scripts.watch.columns import Column, Widths, fitted, headings, number, row, words
from scripts.watch.look import Look
from scripts.watch.place import Place

NAME, LIMIT, BAR = words("Account", 20, 32), words("Limit", 6, 6), words("Used", NARROWEST_BAR, WIDEST_BAR, goes=1)
USED, RESETS = number("", 4), number("Resets in", 11, goes=2)
PACE, RUNS_OUT = words("Pace", 11, 11, goes=7), words("Runs out", 9, 9, goes=8)
REQUESTS, TOKENS, COST = number("Req/h", 6, goes=6), number("Tok/h", 6, goes=3), number("$/h", 8, goes=4)
RUNNING = number("Runs", 4, goes=5)
COLUMNS = (NAME, LIMIT, BAR, USED, RESETS, PACE, RUNS_OUT, REQUESTS, TOKENS, COST, RUNNING)

NOTHING = Burn(None, 0, 0, 0)
"""How fast an account is used that nothing went to: that is known."""

NEVER_READ = "never read"

LINES_EACH = 2
"""Its name, and below it how it stands."""

_FIGURES: dict[Sort, Callable[[Burn], float | None]] = {
    Sort.TOKENS: attrgetter("tokens"),
    Sort.COST: attrgetter("cost_usd"),
    Sort.REQUESTS: attrgetter("requests"),
}


def shown_accounts(look: Look, choosing: Choosing) -> list[AccountView]:
    """The accounts that the filter lets through, in the order that was chosen."""
    shown = [view for view in look.views if choosing.shows(_name(look, view), view.account.plan, _status(view))]
    if choosing.sort is Sort.NAME:
        return sorted(shown, key=lambda view: _name(look, view).casefold())
    if figure := _FIGURES.get(choosing.sort):
        return sorted(shown, key=lambda view: -(figure(_burn(look, view)) or 0))
    return shown


def account_lines(look: Look, choosing: Choosing, room: int, place: Place) -> list[Text]:
    """A line per window and at least two per account; one per account where `room` (lines) is short."""
    widths = fitted(COLUMNS, place.width)
    shown = shown_accounts(look, choosing)
    lines = [line for view in shown for line in _whole(look, view, widths, place)]
    if len(lines) + 1 > room:
        lines = [_short(look, view, widths, place) for view in shown]
    if not lines:
        return [Text(NO_ACCOUNTS if not look.views else "No account fits the filter.", "dim")]
    return [headings(widths), *lines]


def account_wishes(look: Look, choosing: Choosing) -> tuple[int, int]:
    """How many lines they take with one for each, and with one for each window."""
    shown = shown_accounts(look, choosing)
    return 1 + len(shown), 1 + sum(max(LINES_EACH, len(view.windows)) for view in shown)


def _whole(look: Look, view: AccountView, widths: Widths, place: Place) -> Iterator[Text]:
    found = look.windows[view.account.id]
    heads: list[dict[Column, str | Text]] = [
        {NAME: Text(_name(look, view), "bold"), **_use(look, view)},
        {NAME: _standing(view, found, place)},
    ]
    for head, one in itertools.zip_longest(heads, found):
        yield row(widths, {**(head or {}), **(_window(one, widths, place) if one else {})})


def _short(look: Look, view: AccountView, widths: Widths, place: Place) -> Text:
    """Its fullest window only; how it stands is told by a colour."""
    found = look.windows[view.account.id]
    fullest = max(found, key=lambda one: used_now(one.window, place.now)) if found else None
    window = _window(fullest, widths, place) if fullest else {RESETS: Text(NEVER_READ, "dim")}
    name = Text(_name(look, view), "" if view.status in SERVES else status_style(view.status))
    return row(widths, {NAME: name, **window, **_use(look, view)})


def _window(one: WindowNow, widths: Widths, place: Place) -> dict[Column, str | Text]:
    used, reset = used_now(one.window, place.now), one.window.resets_at
    return {
        LIMIT: Text(window_name(one.window.minutes), "dim"),
        BAR: bar(used, widths.get(BAR, 0)),
        USED: Text(percent(used), usage_style(used)),
        RESETS: "" if reset is None or reset <= place.now else duration(reset - place.now),
        PACE: pace_words(one.pace),
        RUNS_OUT: end_words(one.pace, used, place.now, place.zone),
    }


def _use(look: Look, view: AccountView) -> dict[Column, str | Text]:
    burn = _burn(look, view)
    return {
        REQUESTS: count(round(burn.requests)),
        TOKENS: count(None if burn.tokens is None else round(burn.tokens)),
        COST: dollars(burn.cost_usd),
        RUNNING: Text(f"{view.in_flight or ''}", "cyan"),
    }


def _standing(view: AccountView, windows: Sequence[WindowNow], place: Place) -> Text:
    if view.status in SERVES and not windows:
        return Text(NEVER_READ, "dim")
    oldest = max((place.now - one.window.read_at for one in windows), default=0.0)
    if view.status in SERVES and oldest > OLD_SECONDS:
        return Text(f"read {age(oldest)} ago", "yellow")
    till = "" if view.until is None else f" till {place.clock(view.until)}"
    return Text(f"{_status(view)}{till}", status_style(view.status))


def _status(view: AccountView) -> str:
    return view.status.replace("_", " ")


def _name(look: Look, view: AccountView) -> str:
    return look.labels.label(Dimension.ACCOUNT, view.account.id)


def _burn(look: Look, view: AccountView) -> Burn:
    return look.burns.get(view.account.id, NOTHING)
