"""The accounts as cards: each account's status, windows and pace go in, what its card says comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from addons.web.page import Part, Reading
from addons.web.words import Said, Tone, end_said, pace_said, status_said, use_tone
from codexlb_store.account_views import AccountView, account_views
from codexlb_store.forecast import forecast
from codexlb_store.heat import Burn, burn
from codexlb_store.processes import living
from codexlb_store.quantity import DAY, MINUTE, age, count, dollars, window_name
from codexlb_store.readings import load_readings
from codexlb_store.windows import Window, used_now

BURN_SECONDS = 15 * MINUTE
"""How fast an account is used is told by what was asked of it since then."""

OLD_SECONDS = 15 * MINUTE
"""Usage is asked of the upstream every five minutes: a reading that missed three of them needs a word."""


@dataclass(frozen=True, slots=True)
class WindowLine:
    """One window: how much of it is used and how much of its time has passed (percent), until when, and how it goes.

    `resets_at` (unix seconds) is None once it has passed, or where it is not known.
    """

    name: str
    used_percent: float
    tone: Tone
    even_percent: float | None
    resets_at: float | None
    pace: Said
    end: Said | None


@dataclass(frozen=True, slots=True)
class Card:
    """What is said of one account."""

    view: AccountView
    status: Said
    windows: tuple[WindowLine, ...]
    burn: str | None
    read: Said | None


def accounts_part(reading: Reading, names: Mapping[str, str]) -> Part:
    """A card for each account; `names` is what to call them by id."""
    now = reading.now
    views = account_views(reading.db, now, living(reading.home))
    fast = {one.account_id: one for one in reading.figure("burn", lambda: burn(reading.db, now - BURN_SECONDS, now))}
    cards = [card(reading.db, view, fast.get(view.account.id), now) for view in views]
    in_flight = sum(view.in_flight for view in views)
    return Part("accounts", "accounts.html", {"cards": cards, "names": names, "in_flight": in_flight, "now": now})


def card(db: Database, view: AccountView, fast: Burn | None, now: float) -> Card:
    """The card of one account; `fast` is how fast it is used, if it is."""
    readings = load_readings(db, view.account.id, now - 7 * DAY) if view.windows else []
    windows = tuple(window_line(window, readings, now) for window in view.windows)
    return Card(view, status_said(view, now), windows, burn_words(fast), read_said(view.windows, now))


def window_line(window: Window, readings: Sequence[Window], now: float) -> WindowLine:
    """How a window stands and goes."""
    pace, used = forecast(window, readings, now), used_now(window, now)
    is_ahead = window.resets_at is not None and window.resets_at > now
    return WindowLine(
        name=window_name(window.minutes),
        used_percent=used,
        tone=use_tone(used),
        even_percent=pace.even_percent,
        resets_at=window.resets_at if is_ahead else None,
        pace=pace_said(pace),
        end=end_said(pace, used, now),
    )


def burn_words(fast: Burn | None) -> str | None:
    """How fast an account is used; None where it is not."""
    if fast is None or not fast.requests:
        return None
    tokens = None if fast.tokens is None else round(fast.tokens)
    return f"{count(tokens)} tokens/h, {dollars(fast.cost_usd)}/h"


def read_said(windows: Sequence[Window], now: float) -> Said | None:
    """How long ago the windows were read, the oldest of them."""
    if not windows:
        return None
    seconds = max(0.0, now - min(window.read_at for window in windows))
    return Said(f"read {age(seconds)} ago", Tone.WARN if seconds > OLD_SECONDS else Tone.QUIET)
