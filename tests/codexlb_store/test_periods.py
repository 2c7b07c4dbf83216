from __future__ import annotations

import datetime
import itertools
from zoneinfo import ZoneInfo

import pytest

from codexlb_store.periods import Unit, periods

BERLIN, KATHMANDU, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu"), datetime.UTC


def at(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("units", "zone", "since", "until", "expected"),
    [
        pytest.param(
            [Unit.DAY], BERLIN, "2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00",
            [("2026-10-24", 24), ("2026-10-25", 25), ("2026-10-26", 24)], id="a day of 25 hours",
        ),
        pytest.param(
            [Unit.DAY], BERLIN, "2026-03-28T00:00+01:00", "2026-03-31T00:00+02:00",
            [("2026-03-28", 24), ("2026-03-29", 23), ("2026-03-30", 24)], id="a day of 23 hours",
        ),
        pytest.param(
            [Unit.HOUR], BERLIN, "2026-10-25T01:00+02:00", "2026-10-25T04:00+01:00",
            [("2026-10-25 01:00", 1), ("2026-10-25 02:00", 2), ("2026-10-25 03:00", 1)], id="an hour that comes twice",
        ),
        pytest.param(
            [Unit.HOUR], BERLIN, "2026-10-25T02:30+01:00", "2026-10-25T04:00+01:00",
            [("2026-10-25 02:00", 0.5), ("2026-10-25 03:00", 1)], id="from within its second time",
        ),
        pytest.param(
            [Unit.HOUR], BERLIN, "2026-03-29T01:00+01:00", "2026-03-29T04:00+02:00",
            [("2026-03-29 01:00", 1), ("2026-03-29 03:00", 1)], id="an hour that never comes",
        ),
        pytest.param(
            [Unit.DAY], KATHMANDU, "2026-01-01T18:15+00:00", "2026-01-03T18:15+00:00",
            [("2026-01-02", 24), ("2026-01-03", 24)], id="a quarter of an hour off",
        ),
        pytest.param(
            [Unit.HOUR], KATHMANDU, "2026-01-01T12:00+05:45", "2026-01-01T14:00+05:45",
            [("2026-01-01 12:00", 1), ("2026-01-01 13:00", 1)], id="hours of that zone",
        ),
        pytest.param(
            [Unit.HOUR], ZoneInfo("Australia/Lord_Howe"), "2026-04-05T01:00+11:00", "2026-04-05T03:00+10:30",
            [("2026-04-05 01:00", 1.5), ("2026-04-05 02:00", 1)], id="half an hour twice",
        ),
        pytest.param(
            [Unit.DAY], ZoneInfo("Africa/Cairo"), "2026-04-23T00:00+02:00", "2026-04-25T00:00+03:00",
            [("2026-04-23", 24), ("2026-04-24", 23)], id="a day that begins at one o'clock",
        ),
        pytest.param(
            [Unit.DAY], ZoneInfo("Africa/Cairo"), "2026-10-29T00:00+03:00", "2026-10-31T00:00+02:00",
            [("2026-10-29", 25), ("2026-10-30", 24)], id="a midnight that is put off",
        ),
        pytest.param(
            [Unit.DAY], ZoneInfo("Pacific/Apia"), "2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00",
            [("2011-12-29", 24), ("2011-12-31", 24)], id="a day that never came",
        ),
        pytest.param(
            [Unit.WEEK], UTC, "2026-11-20T00:00+00:00", "2026-11-24T00:00+00:00",
            [("2026-11-16", 72), ("2026-11-23", 24)], id="weeks by their Monday",
        ),
        pytest.param(
            [Unit.MONTH], UTC, "2026-01-31T00:00+00:00", "2026-03-02T00:00+00:00",
            [("2026-01", 24), ("2026-02", 28 * 24), ("2026-03", 24)], id="months",
        ),
        pytest.param(
            [Unit.WEEK, Unit.MONTH], UTC, "2026-11-30T00:00+00:00", "2026-12-08T00:00+00:00",
            [("2026-11-30", "2026-11", 24), ("2026-11-30", "2026-12", 144), ("2026-12-07", "2026-12", 24)],
            id="a week of two months",
        ),
        pytest.param([Unit.DAY], UTC, "2026-11-30T10:00+00:00", "2026-11-30T10:00+00:00", [], id="no time"),
        pytest.param([], UTC, "2026-11-30T10:00+00:00", "2026-11-30T14:00+00:00", [(4,)], id="all of it"),
    ],
)  # fmt: skip
def test_time_is_cut_where_people_cut_it(
    units: list[Unit],
    zone: datetime.tzinfo,
    since: str,
    until: str,
    expected: list[tuple[str | float, ...]],
) -> None:
    found = periods(units, at(since), at(until), zone)

    assert [(*one.labels, (one.until - one.since) / 3600) for one in found] == expected
    assert all(before.until == after.since for before, after in itertools.pairwise(found))


def test_without_a_zone_it_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    here = datetime.datetime(2026, 11, 22, 12).timestamp()

    [found] = periods([Unit.DAY], here, here + 60, None)

    assert found.labels == ("2026-11-22",)
