from __future__ import annotations

import datetime

import pytest

from codexlb_store.quantity import age, count, dollars, duration, latency, moment, percent, window_name


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "n/a"),
        (0, "0"),
        (987, "987"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (12_345_678, "12.3M"),
        (4_560_000_000, "4.56B"),
    ],
)
def test_counts_have_three_digits_from_ten_thousand_on(number: int | None, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "n/a"), (0, "0%"), (0.4, "<1%"), (1, "1%"), (99.9, "99%"), (100, "100%"), (103.2, "103%")],
)
def test_only_a_full_window_reads_100_percent(value: float | None, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (86_399, "23 h"), (86_400, "1 d")],
)
def test_an_age_is_rounded_down_to_its_largest_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(None, "n/a"), (0, "$0.00"), (0.0049, "<$0.01"), (0.005, "$0.01"), (1234.5, "$1,234.50")],
)
def test_dollars(amount: float | None, text: str) -> None:
    assert dollars(amount) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (8000, "2 h 13 min"),
        (86_400, "1 d 0 h"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations_name_their_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, "n/a"), (0.4, "0 ms"), (850, "850 ms"), (1240, "1.2 s"), (125_000, "2 min")],
)
def test_latencies(milliseconds: float | None, text: str) -> None:
    assert latency(milliseconds) == text


NOW = datetime.datetime(2026, 11, 22, 17, 20, tzinfo=datetime.UTC).timestamp()


@pytest.mark.parametrize(
    ("seconds_from_now", "text"),
    [
        pytest.param(3600, "18:20", id="later today"),
        pytest.param(-3600, "16:20", id="earlier today"),
        pytest.param(7 * 3600, "Mon 00:20", id="tomorrow"),
        pytest.param(5 * 86_400, "Fri 17:20", id="this week"),
        pytest.param(7 * 86_400, "29 Nov 17:20", id="a week ahead: its weekday is today's"),
        pytest.param(-30 * 86_400, "23 Oct 17:20", id="a month ago"),
    ],
)
def test_moments_are_told_as_shortly_as_they_can_be(seconds_from_now: float, text: str) -> None:
    assert moment(NOW + seconds_from_now, NOW, datetime.UTC) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(300, "5 h"), (10_080, "week"), (43_200, "month"), (1440, "day"), (180, "3 h"), (90, "90 min")],
)
def test_windows_are_named_by_their_length(minutes: int, text: str) -> None:
    assert window_name(minutes) == text
