from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from codexlb_store.grants import Move, Need, settle, top_up
from codexlb_store.keys import Key
from codexlb_store.limit_uses import LimitUse, limit_uses
from codexlb_store.limits import ROLLING_SECONDS, Limit, span_of, zone_of
from tests.codexlb_store.key_rows import make_key
from tests.codexlb_store.rows import OPENING, add_exchange

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 13, 12, tzinfo=BERLIN).timestamp()
MIDNIGHT = datetime(2026, 5, 14, tzinfo=BERLIN).timestamp()


def use(db: Database, key: Key, limit: Limit, amount: int, now: float = NOW) -> None:
    starts_at, ends_at = span_of(limit, now, zone_of(key.time_zone))
    need = Need(limit.id, amount, 1, starts_at, ends_at, limit.span in ROLLING_SECONDS)
    (grant,) = top_up(db, "p", [need], now, lambda: {"p"})
    settle(db, "p", [Move(limit.id, grant.starts_at, amount)])


@pytest.mark.parametrize(
    ("text", "used_at", "used", "resets_at"),
    [
        pytest.param("100-tokens/day", NOW, 70, MIDNIGHT, id="today"),
        pytest.param("100-tokens/day", NOW - 86_400, 0, MIDNIGHT, id="yesterday"),
        pytest.param("100-tokens/day", None, 0, MIDNIGHT, id="never"),
        pytest.param("100-tokens/5h", NOW - 3600, 70, NOW + 4 * 3600, id="an hour ago"),
        pytest.param("100-tokens/5h", NOW - 5 * 3600, 0, None, id="five hours ago"),
        pytest.param("100-tokens/5h", None, 0, None, id="never, of a rolling one"),
    ],
)
def test_what_is_used_now(db: Database, text: str, used_at: float | None, used: int, resets_at: float | None) -> None:
    key = make_key(db, text, time_zone="Europe/Berlin")
    (limit,) = key.limits
    if used_at is not None:
        use(db, key, limit, 70, used_at)

    assert limit_uses(db, key, [], NOW) == [LimitUse(limit, used, resets_at)]


def test_use_past_the_limit_is_shown_as_it_is(db: Database) -> None:
    key = make_key(db, "100-tokens/5h")
    use(db, key, key.limits[0], 250)

    assert [row.used for row in limit_uses(db, key, [], NOW)] == [250]


def test_of_requests_at_one_time_those_count_that_run(db: Database) -> None:
    key = make_key(db, "4 concurrent", "2 concurrent:gpt-5.5*")
    mine = replace(OPENING, key_id=key.id)
    add_exchange(db, replace(mine, id="x1", model="gpt-5.5"), closing=None)
    add_exchange(db, replace(mine, id="x2", model="gpt-5.4"), closing=None)
    add_exchange(db, replace(mine, id="x3", model=None), closing=None)
    add_exchange(db, replace(mine, id="x4"))
    add_exchange(db, replace(mine, id="x5", process="dead"), closing=None)
    add_exchange(db, replace(mine, id="x6", key_id="another"), closing=None)

    assert limit_uses(db, key, ["p1"], NOW) == [LimitUse(key.limits[0], 3, None), LimitUse(key.limits[1], 1, None)]
