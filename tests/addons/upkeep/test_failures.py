"""A refresh that failed is not tried again at once, and one that was refused never."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from addons.upkeep.failures import Failures
from addons.wire.tokens import RefreshProblem
from codexlb_store.credentials import Credential

NOW = 1_000_000.0
STALE = Credential("a", "w", "access", "refresh", NOW + 3600, None, 1, fedramp=False)
PASSING = RefreshProblem(permanent=False, code="http_500")
REFUSED = RefreshProblem(permanent=True, code="refresh_token_reused")


@pytest.fixture
def failures() -> Failures:
    return Failures(random.Random(1))


def test_what_may_pass_is_the_answer_for_a_while_that_grows(failures: Failures) -> None:
    moment, pauses = NOW, []
    for _ in range(6):
        failures.note(STALE, PASSING, moment)
        failed = failures.last(STALE)
        assert failed and failures.answer(STALE, failed.until - 0.01) == PASSING
        assert failures.answer(STALE, failed.until) is None
        pauses.append(failed.until - moment)
        moment = failed.until

    for pause, longest in zip(pauses, (5, 10, 20, 40, 60, 60), strict=True):
        assert 0.8 * longest <= pause <= longest


def test_success_makes_the_next_pause_a_short_one_again(failures: Failures) -> None:
    for _ in range(4):
        failures.note(STALE, PASSING, NOW)
    failures.forget("a")
    assert failures.last(STALE) is None

    failures.note(STALE, PASSING, NOW)
    failed = failures.last(STALE)
    assert failed and failed.until <= NOW + 5


def test_other_tokens_begin_anew(failures: Failures) -> None:
    failures.note(STALE, REFUSED, NOW)
    newer = replace(STALE, access_token="access2", version=2)

    assert failures.answer(STALE, NOW + 10**9) == failures.verdict(STALE) == REFUSED
    assert failures.answer(newer, NOW) is failures.verdict(newer) is None
    assert failures.answer(replace(STALE, routing_override="us"), NOW) == REFUSED, "the same tokens"
