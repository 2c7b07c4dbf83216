from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from codexlb_store.limits import Limit, LimitKind, Span, TimeZoneError, applies, span_of, zone_of

HOUR = 3600.0
DAY = 24 * HOUR


def moment(text: str, zone: str, fold: int = 0) -> float:
    """Unix seconds of a wall clock's reading; fold 1 is the second time that clocks repeat it."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def limit(span: Span | None) -> Limit:
    kind = LimitKind.TOKENS if span else LimitKind.CONCURRENT
    return Limit(kind, span, 100)


@pytest.mark.parametrize(
    ("span", "seconds"),
    [(Span.MINUTE, 60), (Span.HOUR, 3600), (Span.FIVE_HOURS, 18_000), (Span.SEVEN_DAYS, 604_800)],
)
def test_a_rolling_span_begins_now(span: Span, seconds: float) -> None:
    assert span_of(limit(span), 1234.5, zone_of("UTC")) == (1234.5, 1234.5 + seconds)


def test_requests_at_one_time_are_counted_for_ever() -> None:
    assert span_of(limit(None), 1234.5, zone_of("UTC")) == (0.0, None)


@pytest.mark.parametrize(
    ("span", "zone", "now", "starts", "ends"),
    [
        pytest.param(Span.DAY, "UTC", "2026-05-13 23:59:59", "2026-05-13", "2026-05-14", id="a day"),
        pytest.param(Span.DAY, "UTC", "2026-05-13 00:00", "2026-05-13", "2026-05-14", id="at midnight"),
        pytest.param(Span.DAY, "Asia/Tokyo", "2026-05-14 08:00", "2026-05-14", "2026-05-15", id="a day in Tokyo"),
        pytest.param(Span.WEEK, "Europe/Berlin", "2026-05-13 12:00", "2026-05-11", "2026-05-18", id="a week"),
        pytest.param(Span.WEEK, "Europe/Berlin", "2026-05-11 00:00", "2026-05-11", "2026-05-18", id="on Monday"),
        pytest.param(Span.WEEK, "Europe/Berlin", "2026-05-17 23:59", "2026-05-11", "2026-05-18", id="on Sunday"),
        pytest.param(Span.MONTH, "UTC", "2026-05-31 12:00", "2026-05-01", "2026-06-01", id="a month"),
        pytest.param(Span.MONTH, "UTC", "2028-02-29 12:00", "2028-02-01", "2028-03-01", id="a leap February"),
        pytest.param(Span.MONTH, "UTC", "2026-12-31 23:59", "2026-12-01", "2027-01-01", id="December"),
        pytest.param(Span.WEEK, "UTC", "2027-01-01 12:00", "2026-12-28", "2027-01-04", id="a week over New Year"),
        # clocks go forward: the day is short
        pytest.param(Span.DAY, "Europe/Berlin", "2026-03-29 12:00", "2026-03-29", "2026-03-30", id="23 hours"),
        pytest.param(Span.DAY, "Australia/Lord_Howe", "2026-10-04 12:00", "2026-10-04", "2026-10-05", id="23.5 hours"),
        # clocks go back: it is long
        pytest.param(Span.DAY, "America/New_York", "2026-11-01 12:00", "2026-11-01", "2026-11-02", id="25 hours"),
        pytest.param(Span.MONTH, "Europe/Berlin", "2026-10-31 12:00", "2026-10-01", "2026-11-01", id="a long month"),
        # where midnight itself is skipped or repeated
        pytest.param(Span.DAY, "Africa/Cairo", "2026-04-24 12:00", "2026-04-24 01:00", "2026-04-25", id="no midnight"),
        pytest.param(Span.DAY, "Atlantic/Azores", "2026-10-25 12:00", "2026-10-25", "2026-10-26", id="two midnights"),
    ],
)
def test_a_calendar_span_follows_the_clocks_of_its_zone(
    span: Span, zone: str, now: str, starts: str, ends: str
) -> None:
    found = span_of(limit(span), moment(now, zone), zone_of(zone))

    assert found == (moment(starts, zone), moment(ends, zone))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/New_York", "2026-11-01", 25),
        ("Africa/Cairo", "2026-04-24", 23),
        ("Atlantic/Azores", "2026-10-25", 25),
    ],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(zone: str, day: str, hours: float) -> None:
    starts_at, ends_at = span_of(limit(Span.DAY), moment(f"{day} 12:00", zone), zone_of(zone))

    assert ends_at is not None and ends_at - starts_at == hours * HOUR


def test_the_repeated_hour_belongs_to_one_day_both_times() -> None:
    times = [moment("2026-10-25 00:30", "Atlantic/Azores", fold) for fold in (0, 1)]
    first, second = (span_of(limit(Span.DAY), now, zone_of("Atlantic/Azores")) for now in times)

    assert times[1] - times[0] == HOUR
    assert first == second


@pytest.mark.parametrize("span", [Span.DAY, Span.WEEK, Span.MONTH])
@pytest.mark.parametrize(
    "name",
    ["UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Atlantic/Azores", "Asia/Beirut"],
)
def test_spans_follow_each_other_without_gap_or_overlap(name: str, span: Span) -> None:
    zone = zone_of(name)
    now, moments = moment("2026-01-01", name), list[float]()
    while now < moment("2027-01-01", name):
        moments.append(now)
        now += HOUR

    found = [(now, *span_of(limit(span), now, zone)) for now in moments]

    assert all(starts <= now < (ends or 0) for now, starts, ends in found)
    assert all(later[1] in earlier[1:] for earlier, later in pairwise(found))


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../../etc/passwd", "zone1970.tab", "a\0b"])
def test_a_zone_that_is_none_is_named(name: str) -> None:
    with pytest.raises(TimeZoneError) as caught:
        zone_of(name)

    assert str(caught.value) == f"There is no time zone {name!r}: give one like Europe/Berlin or UTC."


@pytest.mark.parametrize(
    ("glob", "model", "counts"),
    [
        pytest.param(None, "gpt-5.5", True, id="every model"),
        pytest.param(None, None, True, id="and none"),
        pytest.param("gpt-5.5", "gpt-5.5", True, id="this model"),
        pytest.param("gpt-5.5", "gpt-5.5-pro", False, id="and no other"),
        pytest.param("gpt-5.5*", "gpt-5.5-pro", True, id="a glob"),
        pytest.param("gpt-5.5*", "GPT-5.5", False, id="case counts"),
        pytest.param("*", None, False, id="no model is no model"),
    ],
)
def test_a_limit_counts_the_models_of_its_glob(glob: str | None, model: str | None, counts: bool) -> None:
    assert applies(Limit(LimitKind.TOKENS, Span.DAY, 100, glob), model) is counts
