"""What an upstream says of waiting is read in every form, and nonsense is unknown."""

from __future__ import annotations

import pytest

from addons.wire.errors import UpstreamError
from addons.wire.waits import FullWindow, full_window, wait_of
from codexlb_store.windows import Window

NOW = 1_795_360_000.0  # Sun, 22 Nov 2026 15:06:40 GMT


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("40", 40.0),
        ("0", 0.0),
        (" 1.5 ", 1.5),
        ("86400", 86400.0),
        ("Sun, 22 Nov 2026 15:07:40 GMT", 60.0),
        ("Sun, 22 Nov 2026 16:07:40 +0100", 60.0),
        ("Sun, 22 Nov 2026 15:07:40 -0000", 60.0),
        ("Sunday, 22-Nov-26 15:07:40 GMT", 60.0),
        # A date that says nothing.
        ("Sun, 22 Nov 2026 15:06:40 GMT", None),
        ("Sat, 22 Nov 2025 15:07:40 GMT", None),
        ("Sun, 22 Nov 2099 15:07:40 GMT", None),
        ("Sun, 32 Nov 2026 25:61:61 GMT", None),
        ("Sun, 22 Nov 99999999999999999999 15:07:40 GMT", None),
        # A number that cannot be.
        ("-1", None),
        ("1000000000000", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        # Nothing at all.
        ("", None),
        (",", None),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after(retry_after: str | None, expected: float | None) -> None:
    assert wait_of(retry_after, None, NOW) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Rate limit reached. Please try again in 1.5s.", 1.5),
        ("Please TRY AGAIN IN 20ms. Visit the page", 0.02),
        ("try again in 250 milliseconds", 0.25),
        ("try again in 35 seconds.", 35.0),
        ("try again in 1 minute", 60.0),
        ("try again in 6m0s.", 360.0),
        ("try again in 1h2m3.5s", 3723.5),
        ("try again in 1 hour, 2 minutes and 3 seconds", 3723.0),
        ("try again in 2 days", 172800.0),
        ("try again in 5 seconds. In 10 minutes it will be better", 5.0),
        ("try again in a while", None),
        ("try again in 5", None),
        ("try again in -5s", None),
        ("try again in 99999999999 hours", None),
        ("try again in " + "9" * 900 + "s", None),
        ("x" * 1000 + "try again in 5s", None),
        ("", None),
        (None, None),
    ],
)
def test_sentences(message: str | None, expected: float | None) -> None:
    assert wait_of(None, message, NOW) == pytest.approx(expected)


def test_the_header_comes_before_the_sentence_unless_it_is_unreadable() -> None:
    assert wait_of("7", "try again in 2s", NOW) == 7.0
    assert wait_of("soon", "try again in 2s", NOW) == 2.0


@pytest.mark.parametrize(
    ("ahead_seconds", "minutes"),
    [
        pytest.param(1, 300, id="a second"),
        pytest.param(300 * 60 + 299, 300, id="five hours and a little"),
        pytest.param(300 * 60 + 301, 10080, id="more than five hours"),
        pytest.param(10080 * 60 + 299, 10080, id="a week and a little"),
        pytest.param(10080 * 60 + 301, 43200, id="more than a week"),
        pytest.param(31.5 * 86400, 43200, id="the longest month"),
    ],
)
def test_an_unknown_window_is_known_by_how_far_its_reset_is(ahead_seconds: float, minutes: int) -> None:
    resets_at = NOW + ahead_seconds

    assert full_window(UpstreamError(resets_at=resets_at), (), NOW) == FullWindow(resets_at, minutes)


def test_a_full_window_whose_reset_is_another_one_is_not_the_one_that_is_meant() -> None:
    week = Window("a", 10080, 100.0, NOW + 86400, NOW)

    assert full_window(UpstreamError(resets_at=NOW + 600), (week,), NOW) == FullWindow(NOW + 600, 300)


def test_a_window_with_room_is_not_full() -> None:
    assert full_window(UpstreamError(), (Window("a", 300, 99.9, NOW + 9, NOW),), NOW) is None
