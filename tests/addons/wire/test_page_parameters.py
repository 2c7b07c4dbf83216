"""What a page is asked for."""

from __future__ import annotations

import datetime
import enum
from zoneinfo import ZoneInfo

import pytest

from addons.wire.page_parameters import (
    MOST_PARAMETERS,
    parameters_of,
    parse_choice,
    parse_count,
    parse_time,
    parse_until,
    parse_zone,
)

NOW = 1_000_000.0
BERLIN = ZoneInfo("Europe/Berlin")


class Fruit(enum.StrEnum):
    """What may be chosen."""

    APPLE = "apple"
    PEAR = "pear"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("by=day&since=7d", {"by": "day", "since": "7d"}),
        ("by=", {}),
        ("by=a%2Bb+c", {"by": "a+b c"}),
    ],
    ids=["none", "two", "an empty one", "escaped"],
)
def test_parameters(query: str, expected: dict[str, str]) -> None:
    assert parameters_of(query, ("by", "since")) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("colour=red", "There is no parameter 'colour': give by, since."),
        ("by=day&by=week", "said more than once"),
        (f"by={'x' * 257}", "by is longer than 256 characters"),
        ("&".join(f"x{n}=1" for n in range(MOST_PARAMETERS + 1)), "more than 20 parameters"),
    ],
    ids=["unknown", "twice", "long", "many"],
)
def test_parameters_that_cannot_be(query: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameters_of(query, ("by", "since"))


def test_a_page_without_parameters_says_so() -> None:
    with pytest.raises(ValueError, match="this page takes none"):
        parameters_of("a=1", ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1767139200", 1767139200.0),
        ("1795392321.4744608", 1795392321.4744608),
        ("24h", NOW - 86_400),
        ("2 d", NOW - 172_800),
        ("90min", NOW - 5400),
        ("99w", 0.0),
        ("2026-01-31", datetime.datetime(2026, 1, 31, tzinfo=BERLIN).timestamp()),
        ("2026-01-31T18:00", datetime.datetime(2026, 1, 31, 18, tzinfo=BERLIN).timestamp()),
        ("0001-01-01T00:00+23:00", 0.0),
        ("2026-01-31T18:00+00:00", datetime.datetime(2026, 1, 31, 18, tzinfo=datetime.UTC).timestamp()),
    ],
)
def test_times(text: str, expected: float) -> None:
    assert parse_time("since", text, NOW, BERLIN) == expected


@pytest.mark.parametrize("text", ["yesterday", "7 days", "2026-02-30", "", "-1", "1e9", "nan"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"since is .*: give unix seconds"):
        parse_time("since", text, NOW, BERLIN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime.datetime(2026, 2, 1, tzinfo=BERLIN).timestamp()),
        ("2026-01-31T18:00", datetime.datetime(2026, 1, 31, 18, tzinfo=BERLIN).timestamp()),
        ("1767139200", 1767139200.0),
        ("24h", NOW - 86_400),
    ],
)
def test_an_end_that_is_a_date_means_all_of_that_day(text: str, expected: float) -> None:
    assert parse_until(text, NOW, BERLIN) == expected


@pytest.mark.parametrize("text", ["Mars/Base", "../../etc/passwd", "Europe", "a\0b"])
def test_what_is_no_zone(text: str) -> None:
    with pytest.raises(ValueError, match="is no time zone known here"):
        parse_zone(text)


def test_without_a_zone_it_is_utc() -> None:
    assert parse_zone(None) == ZoneInfo("UTC")
    assert parse_zone("Europe/Berlin") == BERLIN


@pytest.mark.parametrize("text", ["0", "501", "-1", "1.5", "x", "\u0663", "1" * 5000])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(ValueError, match="give a whole number from 1 to 500"):
        parse_count({"limit": text}, "limit", 50, 500)


def test_counts() -> None:
    assert (parse_count({}, "limit", 50, 500), parse_count({"limit": "500"}, "limit", 50, 500)) == (50, 500)


def test_choices() -> None:
    assert parse_choice("fruit", "pear", Fruit) is Fruit.PEAR
    with pytest.raises(ValueError, match="fruit is 'plum': give one of apple, pear"):
        parse_choice("fruit", "plum", Fruit)
