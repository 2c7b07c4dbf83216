"""Why less of a conversation came from the cache than its account had of it."""

from __future__ import annotations

import array
from dataclasses import replace

import pytest

from addons.wire.cache_losses import CacheCount, Now, Turn, count_cache
from addons.wire.prefixes import Prompt
from codexlb_store.ledger import CacheLoss, Tokens

LAST_PROMPT = Prompt(42_000, 40_960, 7, array.array("I", range(10)))
LAST = Turn("a", 900.0, 10_000, LAST_PROMPT, compacts=False)
COMPACTION = replace(LAST, compacts=True)
GOES_ON = Prompt(50_000, 49_000, 7, array.array("I", range(12)))
SHORTER = replace(GOES_ON, input_bytes=20_000)
REWRITTEN = replace(GOES_ON, head=8)
CHANGED_LATE = replace(GOES_ON, blocks=array.array("I", [*range(8), 98, 99, 100, 101]))


def now(
    cached: int | None = 0, prompt: Prompt = GOES_ON, account_id: str = "a", is_cold: bool = False, read: int = 12_000
) -> Now:
    return Now(account_id, is_cold, prompt, Tokens(read, cached, 5, None))


@pytest.mark.parametrize(
    ("last", "this", "expected", "loss"),
    [
        # No loss
        pytest.param(LAST, now(cached=9_984), 10_000, None, id="all but the last step"),
        pytest.param(LAST, now(cached=11_000), 10_000, None, id="more than expected"),
        pytest.param(LAST, now(cached=9_000), 10_000, None, id="a tenth less"),
        pytest.param(replace(LAST, input_tokens=1500), now(cached=500), 1500, None, id="too little to be cached"),
        pytest.param(LAST, now(cached=None), 10_000, None, id="not told"),
        # Each cause
        pytest.param(LAST, now(is_cold=True), 10_000, CacheLoss.IDLE, id="cold"),
        pytest.param(LAST, now(account_id="b"), 10_000, CacheLoss.MOVED, id="moved"),
        pytest.param(COMPACTION, now(), 10_000, CacheLoss.COMPACTED, id="after a compaction"),
        pytest.param(LAST, now(prompt=SHORTER), 10_000, CacheLoss.COMPACTED, id="the history is shorter"),
        pytest.param(LAST, now(prompt=REWRITTEN), 10_000, CacheLoss.PREFIX_CHANGED, id="other instructions"),
        pytest.param(LAST, now(cached=7_500, prompt=CHANGED_LATE), 10_000, CacheLoss.PREFIX_CHANGED, id="new end"),
        pytest.param(LAST, now(cached=8_899), 10_000, CacheLoss.UPSTREAM_MISS, id="none of these"),
        pytest.param(LAST, now(prompt=CHANGED_LATE), 10_000, CacheLoss.UPSTREAM_MISS, id="a new end explains it not"),
        # Two at once
        pytest.param(LAST, now(account_id="b", is_cold=True), 10_000, CacheLoss.IDLE, id="moved when it was cold"),
        pytest.param(COMPACTION, now(account_id="b"), 10_000, CacheLoss.MOVED, id="moved after a compaction"),
        # No more than was sent
        pytest.param(COMPACTION, now(read=4_000), 4_000, CacheLoss.COMPACTED, id="a short one follows"),
        pytest.param(COMPACTION, now(read=4_000, cached=3_900), 4_000, None, id="a short one, cached"),
    ],
)
def test_what_was_expected_and_why_it_did_not_come(
    last: Turn, this: Now, expected: int, loss: CacheLoss | None
) -> None:
    assert count_cache(last, this) == CacheCount(expected, loss)


def test_of_a_turn_that_was_not_counted_nothing_is_said() -> None:
    assert count_cache(LAST, replace(now(), tokens=Tokens(None, None, None, None))) is None
