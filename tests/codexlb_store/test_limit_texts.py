from __future__ import annotations

import random

import pytest

from codexlb_store.limit_texts import LARGEST, LimitTextError, limit_text, parse_limit
from codexlb_store.limits import Limit, LimitKind, Span


@pytest.mark.parametrize(
    ("text", "limit", "canonical"),
    [
        ("5M-tokens/day", Limit(LimitKind.TOKENS, Span.DAY, 5_000_000), None),
        ("20usd/week", Limit(LimitKind.USD, Span.WEEK, 20_000_000), None),
        ("60req/min", Limit(LimitKind.REQUESTS, Span.MINUTE, 60), None),
        ("2M-output/month:gpt-5.5", Limit(LimitKind.OUTPUT, Span.MONTH, 2_000_000, "gpt-5.5"), None),
        ("4 concurrent", Limit(LimitKind.CONCURRENT, None, 4), None),
        ("1.5k-input/5h:gpt-5*", Limit(LimitKind.INPUT, Span.FIVE_HOURS, 1500, "gpt-5*"), None),
        ("0.5usd/7d", Limit(LimitKind.USD, Span.SEVEN_DAYS, 500_000), None),
        ("1.234M-tokens/hour", Limit(LimitKind.TOKENS, Span.HOUR, 1_234_000), None),
        ("1234567-tokens/hour", Limit(LimitKind.TOKENS, Span.HOUR, 1_234_567), None),
        ("1G-tokens/month", Limit(LimitKind.TOKENS, Span.MONTH, 10**9), None),
        ("2 concurrent:gpt-5.5-pro", Limit(LimitKind.CONCURRENT, None, 2, "gpt-5.5-pro"), None),
        # other ways to write the same
        ("5000000 tokens/day", Limit(LimitKind.TOKENS, Span.DAY, 5_000_000), "5M-tokens/day"),
        ("5m-Tokens/DAY", Limit(LimitKind.TOKENS, Span.DAY, 5_000_000), "5M-tokens/day"),
        ("5Mtokens/day", Limit(LimitKind.TOKENS, Span.DAY, 5_000_000), "5M-tokens/day"),
        ("0.005M-token/day", Limit(LimitKind.TOKENS, Span.DAY, 5000), "5k-tokens/day"),
        (" 1k requests/minute ", Limit(LimitKind.REQUESTS, Span.MINUTE, 1000), "1000req/min"),
        ("20.50usd/day", Limit(LimitKind.USD, Span.DAY, 20_500_000), "20.5usd/day"),
        ("1kusd/month", Limit(LimitKind.USD, Span.MONTH, 10**9), "1000usd/month"),
        ("4-concurrent", Limit(LimitKind.CONCURRENT, None, 4), "4 concurrent"),
    ],
)
def test_what_a_text_means(text: str, limit: Limit, canonical: str | None) -> None:
    assert parse_limit(text) == limit
    assert limit_text(limit) == (canonical or text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", "cannot be read: write it like 5M-tokens/day", id="nothing"),
        pytest.param("tokens/day", "cannot be read", id="no amount"),
        pytest.param("-5-tokens/day", "cannot be read", id="negative"),
        pytest.param("5T-tokens/day", "cannot be read", id="no such suffix"),
        pytest.param("1e6-tokens/day", "cannot be read", id="with an exponent"),
        pytest.param("\u0665-tokens/day", "cannot be read", id="other digits"),
        pytest.param("5M-tokens/day:", "cannot be read", id="an empty model"),
        pytest.param("5M-tokens/day:a b", "cannot be read", id="a model with a space"),
        pytest.param("5 apples/day", "counts 'apples', which is none of tokens, input", id="no such kind"),
        pytest.param("5M-tokens", "needs a span: end it with one of /min, /minute", id="no span"),
        pytest.param("5M-tokens/year", "needs a span", id="no such span"),
        pytest.param("4 concurrent/day", "at one time, which have no span: leave /day out", id="a span too many"),
        pytest.param("0-tokens/day", "does not come to whole units", id="zero"),
        pytest.param("0.5req/min", "does not come to whole units", id="half a request"),
        pytest.param("0.0000005usd/day", "does not come to whole units", id="less than a micro-dollar"),
        pytest.param("2000000000usd/day", "does not come to whole units", id="more than can be counted"),
    ],
)
def test_what_is_no_limit_is_told_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(LimitTextError) as caught:
        parse_limit(text)

    assert sentence in str(caught.value)
    assert repr(text) in str(caught.value)
    assert str(caught.value).endswith(".")


def test_every_limit_has_a_text_that_means_it() -> None:
    rng = random.Random(5)
    kinds = [kind for kind in LimitKind if kind is not LimitKind.CONCURRENT]
    for _ in range(2000):
        amount = rng.choice([rng.randint(1, 10**6), rng.randint(1, 999) * 10 ** rng.randint(0, 12), LARGEST])
        limit = Limit(rng.choice(kinds), rng.choice(list(Span)), amount, rng.choice([None, "gpt-5.5", "*:x"]))

        assert parse_limit(limit_text(limit)) == limit
