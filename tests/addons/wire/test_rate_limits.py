"""Windows are read from headers, events and the usage page; what is garbage or another limit's is left out."""

from __future__ import annotations

import json

import pytest

from addons.wire.rate_limits import (
    UsageReading,
    is_default_limit,
    windows_of_event,
    windows_of_headers,
    windows_of_usage,
)
from codexlb_store.windows import Window

NOW = 1_795_360_000.0
SOON = NOW + 600


def window(minutes: int, used_percent: float, resets_at: float | None) -> Window:
    return Window("a", minutes, used_percent, resets_at, NOW)


def headers(position: str, **values: object) -> dict[str, str]:
    return {f"x-codex-{position}-{name.replace('_', '-')}": str(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(
            headers("primary", used_percent=12.5, window_minutes=300, reset_at=int(SOON))
            | headers("secondary", used_percent=40, window_minutes=10080, reset_at=int(SOON)),
            (window(300, 12.5, SOON), window(10080, 40.0, SOON)),
            id="both",
        ),
        pytest.param(
            headers("primary", used_percent=40, window_minutes=10080)
            | headers("secondary", used_percent=1, window_minutes=300),
            (window(300, 1.0, None), window(10080, 40.0, None)),
            id="the week comes first",
        ),
        pytest.param(
            {"X-Codex-Primary-Used-Percent": "7", "X-CODEX-PRIMARY-WINDOW-MINUTES": "300"},
            (window(300, 7.0, None),),
            id="any case",
        ),
        pytest.param(
            headers("primary", used_percent=7, window_minutes=300, reset_after_seconds=600),
            (window(300, 7.0, SOON),),
            id="older: time until the reset",
        ),
        pytest.param(
            headers("primary", used_percent=7, window_minutes=300, reset_at=NOW - 5, reset_after_seconds=600),
            (window(300, 7.0, NOW - 5),),
            id="a reset in the past is kept: the window has started afresh",
        ),
        pytest.param(
            headers("primary", used_percent=150, window_minutes=300, reset_at=0),
            (window(300, 100.0, None),),
            id="over 100 %, reset at 0",
        ),
        pytest.param(
            headers("primary", used_percent=100, window_minutes=300, reset_at=1e18),
            (window(300, 100.0, None),),
            id="reset in a thousand years",
        ),
        pytest.param({}, (), id="none"),
        pytest.param(headers("primary", window_minutes=300, reset_at=SOON), (), id="no percentage"),
        pytest.param(headers("primary", used_percent=7), (), id="no length"),
        pytest.param(headers("primary", used_percent=7, window_minutes=0), (), id="length 0"),
        pytest.param(headers("primary", used_percent=7, window_minutes=1e9), (), id="length of ages"),
        pytest.param(headers("primary", used_percent=-1, window_minutes=300), (), id="negative"),
        pytest.param(headers("primary", used_percent="NaN", window_minutes=300), (), id="NaN"),
        pytest.param(headers("primary", used_percent="lots", window_minutes=300), (), id="text"),
        pytest.param(headers("bengalfox-primary", used_percent=7, window_minutes=300), (), id="another limit"),
        pytest.param(
            {"x-other-primary-used-percent": "7", "x-other-primary-window-minutes": "300"}, (), id="other prefix"
        ),
    ],
)
def test_windows_of_headers(values: dict[str, str], expected: tuple[Window, ...]) -> None:
    assert windows_of_headers("a", values.items(), NOW) == expected


PRIMARY = {"used_percent": 12.5, "window_minutes": 300, "reset_at": SOON}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(
            {"rate_limits": {"primary": PRIMARY, "secondary": {"used_percent": 4, "window_minutes": 10080}}},
            (window(300, 12.5, SOON), window(10080, 4.0, None)),
            id="both",
        ),
        pytest.param(
            {"rate_limits": {"primary": PRIMARY, "secondary": None}, "limit_name": None},
            (window(300, 12.5, SOON),),
            id="one",
        ),
        pytest.param(
            {"rate_limits": {"primary": PRIMARY}, "metered_limit_name": "codex", "limit_name": "Codex"},
            (window(300, 12.5, SOON),),
            id="our limit by name",
        ),
        pytest.param(
            {"rate_limits": {"primary": PRIMARY, "secondary": {"used_percent": "4"}}},
            (window(300, 12.5, SOON),),
            id="one is strange",
        ),
        pytest.param({"rate_limits": {"primary": PRIMARY}, "limit_name": "spark"}, (), id="another limit"),
        pytest.param({"rate_limits": {"primary": PRIMARY}, "limit_id": "spark"}, (), id="another limit id"),
        pytest.param({"rate_limits": []}, (), id="strange limits"),
        pytest.param({}, (), id="no limits"),
        pytest.param([], (), id="array"),
    ],
)
def test_windows_of_event(payload: object, expected: tuple[Window, ...]) -> None:
    assert windows_of_event("a", json.dumps(payload).encode(), NOW) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"{}", True),
        (b'{"metered_limit_name":"codex"}', True),
        (b'{"limit_name":"x"}', False),
        (b"[]", False),
        (b"{", False),
    ],
)
def test_is_default_limit(payload: bytes, expected: bool) -> None:
    assert is_default_limit(payload) is expected


FIVE_HOURS = {"used_percent": 12, "limit_window_seconds": 18000, "reset_after_seconds": 600, "reset_at": SOON}
WEEK = {"used_percent": 34, "limit_window_seconds": 604800, "reset_after_seconds": 600}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(
            {"plan_type": "pro", "rate_limit": {"primary_window": FIVE_HOURS, "secondary_window": WEEK}},
            UsageReading("pro", (window(300, 12.0, SOON), window(10080, 34.0, SOON))),
            id="both",
        ),
        pytest.param(
            {"plan_type": "free", "rate_limit": {"primary_window": WEEK, "secondary_window": None}},
            UsageReading("free", (window(10080, 34.0, SOON),)),
            id="only the week",
        ),
        pytest.param(
            {"plan_type": "x", "rate_limit": {"primary_window": FIVE_HOURS | {"limit_window_seconds": 61}}},
            UsageReading("x", (window(2, 12.0, SOON),)),
            id="a started minute counts",
        ),
        pytest.param({"plan_type": "plus", "rate_limit": None}, UsageReading("plus", ()), id="no limits"),
        pytest.param({"plan_type": "plus"}, UsageReading("plus", ()), id="plan only"),
        pytest.param(
            {"plan_type": "plus", "additional_rate_limits": [{"rate_limit": {"primary_window": WEEK}}]},
            UsageReading("plus", ()),
            id="another limit",
        ),
    ],
)
def test_windows_of_usage(page: object, expected: UsageReading) -> None:
    assert windows_of_usage("a", json.dumps(page).encode(), NOW) == expected


@pytest.mark.parametrize("page", [b"", b"<html>", b"[]", b"{}", b'{"plan_type":null}', b"[" * 100_000])
def test_what_is_no_usage_page_is_refused(page: bytes) -> None:
    with pytest.raises(ValueError, match="is not a usage page"):
        windows_of_usage("a", page, NOW)
