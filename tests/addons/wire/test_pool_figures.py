"""The pool's limits in the forms that Codex reads: headers, and the page of `wham/usage`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from addons.wire.pool_figures import headers_of_limits, usage_page, whole_percent, with_limits
from addons.wire.rate_limits import windows_of_headers, windows_of_usage
from codexlb_store.pool_limits import PoolLimits, PoolWindow

NOW = 1_800_000_000.5
FIVE_HOURS = PoolWindow(300, 99.9, NOW + 60)
WEEK = PoolWindow(10_080, 100.0, NOW + 86_400)
MONTH = PoolWindow(43_200, 7.0, None)


def limits(*shown: PoolWindow, is_used_up: bool = False, plan: str | None = "pro") -> PoolLimits:
    return PoolLimits(("a", "b"), plan, is_used_up, shown, shown)


@pytest.mark.parametrize(
    ("percent", "whole"),
    [
        pytest.param(0.9, 0, id="hardly anything"),
        pytest.param(99.999, 99, id="something is left"),
        pytest.param(100.0, 100, id="nothing is left"),
        pytest.param(sum([0.1] * 70), 7, id="a rounding error"),
    ],
)
def test_whole_percent(percent: float, whole: int) -> None:
    assert whole_percent(percent) == whole


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param((), {}, id="none"),
        pytest.param(
            (FIVE_HOURS, WEEK),
            {
                "x-codex-primary-used-percent": "99",
                "x-codex-primary-window-minutes": "300",
                "x-codex-primary-reset-at": "1800000061",
                "x-codex-secondary-used-percent": "100",
                "x-codex-secondary-window-minutes": "10080",
                "x-codex-secondary-reset-at": "1800086401",
            },
            id="two",
        ),
        pytest.param(
            (MONTH,), {"x-codex-primary-used-percent": "7", "x-codex-primary-window-minutes": "43200"}, id="no reset"
        ),
    ],
)
def test_headers_of_limits(shown: tuple[PoolWindow, ...], expected: dict[str, str]) -> None:
    assert dict(headers_of_limits(limits(*shown))) == expected


def page(found: PoolLimits) -> Any:
    answer = usage_page(found, NOW)
    assert (answer.status, dict(answer.headers)) == (
        200, {"content-type": "application/json", "cache-control": "no-store"},
    )  # fmt: skip
    return json.loads(answer.body)


def test_the_page_is_what_codex_reads() -> None:
    """Whole numbers, a reset for each window; the same shape as the captured answer of the upstream."""
    assert page(limits(FIVE_HOURS, WEEK)) == {
        "user_id": "codex-lb",
        "account_id": "codex-lb",
        "email": "",
        "plan_type": "pro",
        "rate_limit": {
            "allowed": True,
            "limit_reached": False,
            "primary_window": {
                "used_percent": 99,
                "limit_window_seconds": 18_000,
                "reset_after_seconds": 60,
                "reset_at": 1_800_000_061,
            },
            "secondary_window": {
                "used_percent": 100,
                "limit_window_seconds": 604_800,
                "reset_after_seconds": 86_400,
                "reset_at": 1_800_086_401,
            },
        },
        "code_review_rate_limit": None,
        "additional_rate_limits": None,
        "credits": None,
        "rate_limit_reached_type": None,
    }


def test_a_reset_that_nobody_knows_is_a_whole_window_away() -> None:
    window = page(limits(MONTH))["rate_limit"]["primary_window"]

    assert (window["reset_after_seconds"], window["reset_at"]) == (2_592_000, 1_802_592_001)


def test_a_pool_that_is_used_up_says_so() -> None:
    found = page(limits(FIVE_HOURS, is_used_up=True))

    assert (found["rate_limit"]["allowed"], found["rate_limit"]["limit_reached"]) == (False, True)
    assert found["rate_limit_reached_type"] == {"type": "rate_limit_reached"}, "an object: Codex reads no text there"


def test_a_pool_of_which_nothing_is_known() -> None:
    found = page(PoolLimits((), None, False, (), ()))

    assert (found["plan_type"], found["rate_limit"]["allowed"]) == ("unknown", False)
    assert (found["rate_limit"]["primary_window"], found["rate_limit"]["secondary_window"]) == (None, None)


def test_what_is_told_is_read_back_as_it_was() -> None:
    told = limits(FIVE_HOURS, WEEK)

    by_headers = windows_of_headers("a", headers_of_limits(told), NOW)
    by_page = windows_of_usage("a", usage_page(told, NOW).body, NOW)

    assert by_headers == by_page.windows
    assert [(window.minutes, window.used_percent) for window in by_headers] == [(300, 99), (10_080, 100)]


POOL = ((b"x-codex-primary-used-percent", b"25"),)
DATE, TURN_STATE = (b"Date", b"x"), (b"X-Codex-Turn-State", b"t")
HEADS: dict[str, tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]] | None]] = {
    "none of these": ([DATE, TURN_STATE, (b"x-models-etag", b"e"), (b"x-request-id", b"r")], None),
    "no head": ([], None),
    "in their place": (
        [DATE, (b"x-codex-primary-used-percent", b"90"), (b"x-codex-primary-reset-at", b"1"), TURN_STATE],
        [DATE, *POOL, TURN_STATE],
    ),
    "at the end": ([DATE, (b"x-codex-secondary-window-minutes", b"9")], [DATE, *POOL]),
    "whatever their case, scattered": (
        [(b"X-Codex-Primary-Used-Percent", b"90"), DATE, (b"x-codex-SECONDARY-reset-after-seconds", b"9"), TURN_STATE],
        [*POOL, DATE, TURN_STATE],
    ),
    "a name that occurs twice stays twice": ([DATE, (b"x-codex-primary-a", b""), DATE], [DATE, *POOL, DATE]),
    **{
        f"{name.decode()} is of one account": ([DATE, (name, b"1")], [DATE, *POOL])
        for name in (
            b"x-codex-credits-balance", b"x-codex-credits-has-credits", b"x-codex-active-limit",
            b"x-codex-rate-limit-reached-type", b"x-codex-promo-message", b"x-codex-plan-type",
            b"x-codex-bengalfox-primary-used-percent", b"x-codex-bengalfox-limit-name",
            b"x-other-secondary-reset-at", b"x-codex-primary-over-secondary-limit-percent",
            b"x-codex-bengalfox-primary-over-secondary-limit-percent", b"x-codex-bengalfox-secondary-limit-reached",
            b"x-codex-bengalfox-primary-allowed", b"x-codex-bengalfox-credits-balance",
        )
    },
    **{
        f"{name.decode()} is not": ([(name, b"1")], None)
        for name in (b"x-codex-turn-state", b"x-codex-window-id", b"x-primary", b"x-codex-creditsx", b"retry-after")
    },
}  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), HEADS.values(), ids=HEADS.keys())
def test_a_head_tells_of_the_pool(
    fields: list[tuple[bytes, bytes]], expected: list[tuple[bytes, bytes]] | None
) -> None:
    """Every other field stays, in its order and its case."""
    assert with_limits(fields, POOL) == (None if expected is None else tuple(expected))


def test_a_pool_of_which_nothing_is_known_says_nothing() -> None:
    assert with_limits([DATE, (b"x-codex-primary-used-percent", b"90")], ()) == (DATE,)
