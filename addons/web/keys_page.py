"""The client keys: each key, its rules and what is used of its limits go in, what its card says comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from addons.web.labels import load_labels
from addons.web.links import Link, requests_link
from addons.web.page import Page, Part, Reading
from addons.web.usage_lines import start_of_day
from addons.web.words import Said, Tone, use_tone
from codexlb_store.keyring import KeyProblem, problem_of_key
from codexlb_store.keys import Key, load_keys
from codexlb_store.limit_texts import limit_text
from codexlb_store.limit_uses import LimitUse, limit_uses
from codexlb_store.limits import MICRO, LimitKind
from codexlb_store.processes import living
from codexlb_store.quantity import DAY, age, count, dollars
from codexlb_store.usage import Dimension, Filters, Sums, usage

SOON_SECONDS = 7 * DAY
"""A key that expires within it is worth a look."""


@dataclass(frozen=True, slots=True)
class LimitLine:
    """One limit: how much of it is used, and when it starts afresh (unix seconds)."""

    name: str
    used: str
    used_percent: float
    tone: Tone
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class KeyCard:
    """What is said of one key."""

    key: Key
    prefix: str
    status: Said
    remarks: tuple[Said, ...]
    rules: tuple[tuple[str, str], ...]
    limits: tuple[LimitLine, ...]
    today: Sums
    week: Sums
    link: Link


def keys_page(reading: Reading) -> Page:
    """The whole page."""
    names = load_labels(reading.db).accounts
    alive = living(reading.home)
    today = used_by_key(reading, "today", start_of_day(reading.now))
    week = used_by_key(reading, "week", reading.now - 7 * DAY)
    cards = [
        KeyCard(
            key=key,
            prefix=key.secrets[-1].prefix if key.secrets else "",
            status=status_said(key, reading.now),
            remarks=tuple(remarks(key, reading.now)),
            rules=tuple(rules(key, names)),
            limits=tuple(map(limit_line, limit_uses(reading.db, key, alive, reading.now))),
            today=today.get(key.id, Sums()),
            week=week.get(key.id, Sums()),
            link=requests_link({"key": key.id}),
        )
        for key in sorted(load_keys(reading.db), key=lambda key: problem_of_key(key, reading.now) is not None)
    ]
    return Page("Keys", (Part("keys", "keys.html", {"cards": cards, "now": reading.now}),))


def used_by_key(reading: Reading, name: str, since: float) -> dict[str | None, Sums]:
    """What each key used since then (unix seconds)."""
    rows = reading.figure(name, lambda: usage(reading.db, (Dimension.KEY,), Filters(since=since)))
    return {row.groups[0]: row.sums for row in rows}


def status_said(key: Key, now: float) -> Said:
    """Whether a key lets anybody in, else since when not."""
    problem = problem_of_key(key, now)
    began = {
        KeyProblem.REVOKED: key.revoked_at,
        KeyProblem.DISABLED: key.disabled_at,
        KeyProblem.EXPIRED: key.expires_at,
    }
    if problem is None:
        return Said("active", Tone.GOOD)
    tone = Tone.WARN if problem is KeyProblem.EXPIRED else Tone.QUIET
    return Said(f"{problem} {age(now - (began.get(problem) or now))} ago", tone)


def remarks(key: Key, now: float) -> Iterator[Said]:
    """When it was last used, when it ends, and which of its former forms still let somebody in."""
    if key.last_used_at is None:
        yield Said("never used", Tone.QUIET)
    else:
        yield Said(f"used {age(now - key.last_used_at)} ago", Tone.QUIET)
    if key.expires_at is not None and key.expires_at > now:
        left = key.expires_at - now
        yield Said(f"expires in {age(left)}", Tone.WARN if left < SOON_SECONDS else Tone.QUIET)
    for old in key.secrets[:-1]:
        if old.valid_until is not None and old.valid_until > now:
            yield Said(f"{old.prefix} still good for {age(old.valid_until - now)}", Tone.WARN)


def rules(key: Key, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What the key may ask for, where that is not everything."""
    if key.models is not None:
        yield "models", ", ".join(key.models) or "none"
    if key.efforts is not None:
        yield "efforts", ", ".join(key.efforts) or "none"
    if key.accounts is not None:
        yield "accounts", ", ".join(names.get(one, one) for one in key.accounts) or "none"
    enforced = {"model": key.enforced_model, "effort": key.enforced_effort, "tier": key.enforced_tier}
    if any(enforced.values()):
        yield "enforced", ", ".join(f"{name} {value}" for name, value in enforced.items() if value)
    if any(limit.span is not None for limit in key.limits):
        yield "days of", key.time_zone


def limit_line(use: LimitUse) -> LimitLine:
    """One limit with its use."""
    percent = 100 * use.used / use.limit.amount
    used = f"{_quantity(use.limit.kind, use.used)} of {_quantity(use.limit.kind, use.limit.amount)}"
    return LimitLine(limit_text(use.limit), used, percent, use_tone(percent), use.resets_at)


def _quantity(kind: LimitKind, units: int) -> str:
    return dollars(units / MICRO) if kind is LimitKind.USD else count(units)
