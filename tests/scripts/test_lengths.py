from __future__ import annotations

import pytest

from scripts.lengths import parse_length


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30min", 1800),
        ("30m", 1800),
        ("24h", 86_400),
        (" 90D ", 7_776_000),
        ("90 d", 7_776_000),
        ("2w", 1_209_600),
        ("0h", 0),
        *((text, None) for text in ("", "d", "90", "-3d", "1.5h", "3 months", "1d 2h", "1234567890d", "٣d")),
    ],
)
def test_a_length_is_a_whole_number_and_a_unit(text: str, seconds: int | None) -> None:
    assert parse_length(text) == seconds
