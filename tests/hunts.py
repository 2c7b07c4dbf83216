"""How properties are tried: the same examples in every run, nothing kept on disk, no judgement of speed."""

from __future__ import annotations

import tempfile
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

# It keeps tables of characters beside its examples: not in this folder.
set_hypothesis_home_dir(f"{tempfile.gettempdir()}/codexlb-hypothesis")

hunt = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""What every property test wears."""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
"""Anything that UTF-8 can say."""

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
"""Values of every type, nested a little."""


@st.composite
def pieces_of(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes, cut into some pieces as a network may."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Something whole with one place of it cut out, changed or filled with something else."""
    data = draw(whole)
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 4)))
    return data[:start] + draw(st.binary(max_size=4)) + data[end:]
