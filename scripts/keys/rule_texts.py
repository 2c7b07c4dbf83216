"""Rules of a key as people write them: a text goes in, what it means comes out, or one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass

from codexlb_store.limit_texts import LimitTextError, parse_limit
from codexlb_store.limits import Limit
from codexlb_store.quantity import DAY
from scripts.lengths import parse_length

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra")
TIERS = {"auto": "auto", "default": "default", "flex": "flex", "priority": "priority", "fast": "priority"}
"""What the upstream takes; fast is what Codex's settings call the priority tier."""

LONGEST_SECONDS = 36_500 * DAY
"""A hundred years: who wants more wants no end."""

GLOB = frozenset("*?[")


class RuleTextError(ValueError):
    """The text is no rule of a key; the message is one sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What every request of a key is made to ask for; None leaves it to the client."""

    model: str | None = None
    effort: str | None = None
    tier: str | None = None


def parse_key_limit(text: str) -> Limit:
    """A limit; raises LimitTextError, also for what could not be shown."""
    limit = parse_limit(text)
    if not text.isprintable():
        raise LimitTextError(f"The limit {text!r} has characters that cannot be shown: leave them out.")
    return limit


def parse_concurrency(text: str) -> Limit:
    """A limit of requests at one time; raises LimitTextError."""
    return parse_limit(f"{text} concurrent")


def parse_expiry(text: str) -> int:
    """For how many seconds a key is to be good; raises RuleTextError."""
    return _seconds(text, at_least=1)


def parse_overlap(text: str) -> int:
    """For how many seconds an old key is to be good beside the new one, perhaps none; raises RuleTextError."""
    return _seconds(text, at_least=0)


def _seconds(text: str, at_least: int) -> int:
    seconds = parse_length(text)
    if seconds is None:
        raise RuleTextError(f"{text!r} is no length of time: write one such as 90d, 24h or 30min.")
    if not at_least <= seconds <= LONGEST_SECONDS:
        raise RuleTextError(f"{text!r} is too {'long' if seconds else 'short'}: give something from 1min to 36500d.")
    return seconds


def parse_words(text: str) -> tuple[str, ...]:
    """The words between commas, each once; raises RuleTextError."""
    return tuple(dict.fromkeys(_word(word) for word in text.split(",")))


def parse_efforts(text: str) -> tuple[str, ...]:
    """The reasoning efforts between commas, each once; raises RuleTextError."""
    return tuple(dict.fromkeys(_effort(word) for word in text.split(",")))


def parse_enforcement(text: str) -> Enforcement:
    """What is enforced by a text such as model=gpt-5.5,effort=low,tier=priority; raises RuleTextError."""
    pairs = [(name.strip(), value) for name, _, value in (part.partition("=") for part in text.split(","))]
    if len(dict(pairs)) < len(pairs) or not dict(pairs).keys() <= _READERS.keys():
        raise RuleTextError(
            f"{text!r} enforces nothing that is known: write model=..., effort=... or tier=..., each once."
        )
    return Enforcement(**{name: _READERS[name](value) for name, value in pairs})


def _word(text: str) -> str:
    word = text.strip()
    if not word or not word.isprintable() or " " in word:
        raise RuleTextError(f"{text!r} is not one name: give names with commas between them, without blanks.")
    return word


def _model(text: str) -> str:
    model = _word(text)
    if GLOB & set(model):
        raise RuleTextError(f"The model {model!r} is a pattern: what is enforced must be one model.")
    return model


def _effort(text: str) -> str:
    effort = text.strip().lower()
    if effort not in EFFORTS:
        raise RuleTextError(f"{text.strip()!r} is no reasoning effort: give some of {', '.join(EFFORTS)}.")
    return effort


def _tier(text: str) -> str:
    tier = TIERS.get(text.strip().lower())
    if tier is None:
        raise RuleTextError(f"{text.strip()!r} is no service tier: give one of {', '.join(TIERS)}.")
    return tier


_READERS = {"model": _model, "effort": _effort, "tier": _tier}
