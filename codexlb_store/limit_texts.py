"""Limits as people write them: `5M-tokens/day` goes in, a Limit comes out, or one sentence why not; and back."""

from __future__ import annotations

import re
from decimal import Decimal

from codexlb_store.limits import MICRO, Limit, LimitKind, Span

_SHAPE = re.compile(
    r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<suffix>[kmg])?[ -]*(?P<kind>[a-z]+)(/(?P<span>[0-9a-z]+))?(:(?P<model>\S+))?",
    re.IGNORECASE,
)
SUFFIXES = {"G": 1_000_000_000, "M": 1_000_000, "k": 1_000}
_SCALES = {"": 1} | {suffix.lower(): scale for suffix, scale in SUFFIXES.items()}

KINDS = {
    **dict.fromkeys(("req", "reqs", "request", "requests"), LimitKind.REQUESTS),
    **dict.fromkeys(("token", "tokens"), LimitKind.TOKENS),
    **{kind.value: kind for kind in (LimitKind.INPUT, LimitKind.OUTPUT, LimitKind.USD, LimitKind.CONCURRENT)},
}
SPANS = {"min": Span.MINUTE, **{span.value: span for span in Span}}

LARGEST = 10**15
"""A billion dollars, in micro-dollars: sums of it stay far within what SQLite stores as an integer."""

EXAMPLES = "5M-tokens/day, 2M-output/month:gpt-5.5, 60req/min, 20usd/week or 4 concurrent"


class LimitTextError(ValueError):
    """The text is no limit; the message is one sentence for the person who wrote it."""


def parse_limit(text: str) -> Limit:
    """The limit that a text like 5M-tokens/day or 2M-output/month:gpt-5.5 means; raises LimitTextError."""
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise LimitTextError(f"The limit {text!r} cannot be read: write it like {EXAMPLES}.")
    kind = _kind(text, found["kind"])
    span = _span(text, kind, found["span"])
    scale = _SCALES[(found["suffix"] or "").lower()] * _unit(kind)
    return Limit(kind, span, _amount(text, Decimal(found["number"]) * scale), found["model"])


def limit_text(limit: Limit) -> str:
    """The limit as `parse_limit` reads it, in its shortest form."""
    span = "min" if limit.span is Span.MINUTE else limit.span
    return _quantity_text(limit) + (f"/{span}" if span else "") + (f":{limit.model}" if limit.model else "")


def _quantity_text(limit: Limit) -> str:
    match limit.kind:
        case LimitKind.REQUESTS:
            return f"{limit.amount}req"
        case LimitKind.USD:
            return f"{_plain(limit.amount, MICRO)}usd"
        case LimitKind.TOKENS | LimitKind.INPUT | LimitKind.OUTPUT:
            return f"{_short(limit.amount)}-{limit.kind}"
        case LimitKind.CONCURRENT:
            return f"{limit.amount} concurrent"


def _short(amount: int) -> str:
    """1500000 is 1.5M, 1234567 stays as it is: nothing is rounded."""
    for suffix, scale in SUFFIXES.items():
        if amount >= scale:
            return str(amount) if amount % (scale // 1000) else _plain(amount, scale) + suffix
    return str(amount)


def _plain(amount: int, unit: int) -> str:
    return f"{(Decimal(amount) / unit).normalize():f}"


def _unit(kind: LimitKind) -> int:
    return MICRO if kind is LimitKind.USD else 1


def _kind(text: str, word: str) -> LimitKind:
    kind = KINDS.get(word.lower())
    if kind is None:
        raise LimitTextError(
            f"The limit {text!r} counts {word!r}, which is none of tokens, input, output, req, usd and concurrent."
        )
    return kind


def _span(text: str, kind: LimitKind, word: str | None) -> Span | None:
    if kind is LimitKind.CONCURRENT:
        if word is not None:
            raise LimitTextError(
                f"The limit {text!r} is of requests at one time, which have no span: leave /{word} out."
            )
        return None
    if word is None or word.lower() not in SPANS:
        raise LimitTextError(f"The limit {text!r} needs a span: end it with one of /{', /'.join(SPANS)}.")
    return SPANS[word.lower()]


def _amount(text: str, units: Decimal) -> int:
    if units != units.to_integral_value() or not 1 <= units <= LARGEST:
        raise LimitTextError(
            f"The limit {text!r} does not come to whole units: give at least 1 request or token or 0.000001 usd, "
            f"and at most {LARGEST:.0e} of them."
        )
    return int(units)
