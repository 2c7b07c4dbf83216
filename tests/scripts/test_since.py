from __future__ import annotations

import datetime

import pytest

from scripts.since import parse_since, start_of_day

NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=datetime.UTC).timestamp()
BERLIN = datetime.timezone(datetime.timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        # lengths back from now
        ("30m", "2026-11-22T16:50:00+00:00"),
        ("24h", "2026-11-21T17:20:00+00:00"),
        (" 7D ", "2026-11-15T17:20:00+00:00"),
        ("2w", "2026-11-08T17:20:00+00:00"),
        ("999999999w", "1970-01-01T00:00:00+00:00"),
        # dates and times: of the given zone unless they bring their own
        ("2026-01-31", "2026-01-31T00:00:00+01:00"),
        ("2026-01-31T18:00", "2026-01-31T18:00:00+01:00"),
        ("2026-01-31 18:00:30", "2026-01-31T18:00:30+01:00"),
        ("2026-01-31T18:00Z", "2026-01-31T18:00:00+00:00"),
        ("1900-01-01", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_a_start_is_a_length_a_date_or_a_time(text: str, meant: str) -> None:
    assert parse_since(text, NOW, BERLIN) == datetime.datetime.fromisoformat(meant).timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "7", "d", "-3d", "1.5h", "31.01.2026", "2026-13-01"])
def test_anything_else_is_answered_with_what_can_be_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time that can be read: write a length back from now such as 24h"):
        parse_since(text, NOW, BERLIN)


def test_a_day_begins_at_its_own_midnight() -> None:
    assert start_of_day(NOW, BERLIN) == datetime.datetime(2026, 11, 22, tzinfo=BERLIN).timestamp()
