"""Whatever a person writes as a limit: a limit that is written back as it is read, or one sentence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codexlb_store.limit_texts import KINDS, LARGEST, SPANS, SUFFIXES, LimitTextError, limit_text, parse_limit
from codexlb_store.limits import Limit, LimitKind, Span
from tests.hunts import TEXT, hunt

GLOBS = st.none() | st.text("abc-.*?[]0129", min_size=1, max_size=12)
AMOUNTS = st.integers(1, LARGEST) | st.builds(lambda n, zeros: n * 10**zeros, st.integers(1, 999), st.integers(0, 12))
SPANNED = st.builds(
    Limit, st.sampled_from([kind for kind in LimitKind if kind is not LimitKind.CONCURRENT]), st.sampled_from(Span),
    AMOUNTS, GLOBS,
)  # fmt: skip
LIMITS = SPANNED | st.builds(Limit, st.just(LimitKind.CONCURRENT), st.none(), AMOUNTS, GLOBS)


@hunt
@given(LIMITS)
def test_a_limit_is_read_as_it_was_written(limit: Limit) -> None:
    assert parse_limit(limit_text(limit)) == limit
    assert parse_limit(limit_text(limit).upper().partition(":")[0]) == Limit(limit.kind, limit.span, limit.amount)


@st.composite
def almost_limits(draw: st.DrawFn) -> str:
    """What looks like a limit."""
    number = draw(st.integers(0, 10**18) | st.floats(0, 1e9) | st.decimals(0, 10**6, places=4))
    kind, span = draw(st.sampled_from([*KINDS, "teapots"])), draw(st.sampled_from([*SPANS, "year", ""]))
    glue = draw(st.sampled_from(["", "-", " ", "--"]))
    return f"{number}{draw(st.sampled_from(['', *SUFFIXES, 'T']))}{glue}{kind}/{span}{draw(TEXT)}"


@hunt
@given(almost_limits() | TEXT | st.text("0123456789.kMG-/:tokensreqmin", max_size=30))
def test_any_text_is_a_limit_or_refused_in_a_sentence(text: str) -> None:
    try:
        limit = parse_limit(text)
    except LimitTextError as error:
        assert repr(text) in str(error)
        assert str(error).endswith(".")
    else:
        assert 1 <= limit.amount <= LARGEST
        assert parse_limit(limit_text(limit)) == limit
