"""Twenty thousand malformed requests later the proxy serves as before, and none of them went any further."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.end_to_end.fuzzing import Sample, samples, send_all
from tests.end_to_end.mutations import draft, mutant, mutants
from tests.end_to_end.noting import serving
from tests.end_to_end.oracle import Verdict
from tests.hunts import damaged, hunt

SEED = 20
MALFORMED = 20_000
WARM_UP = 1_000
"""What any proxy keeps, it has then: code, caches, the memory that the allocator holds back."""
MOST_GROWTH_BYTES = 20 * 1024 * 1024
TURN = draft(random.Random(SEED)).bytes()


def check(sample: Sample) -> None:
    """What is whole is answered; what the proxy says of its own is a 4xx in JSON; what it let pass is fit for it."""
    assert sample.answers or sample.verdict in (Verdict.PART, Verdict.BAD), sample
    assert sample.is_told_in_json, sample
    assert not sample.passed or sample.may_pass, sample
    assert sample.passed <= 1, sample


async def test_nothing_malformed_gets_any_further(tmp_path: Path) -> None:
    async with serving(tmp_path) as (proxy, upstream):
        began = time.monotonic()
        found = samples(mutants(SEED, MALFORMED * 2))
        done = await send_all(proxy.address, (next(found) for _ in range(WARM_UP)))
        before = proxy.resident_bytes()
        while (bad := sum(not sample.may_pass for sample in done)) < MALFORMED:
            done += await send_all(proxy.address, (next(found) for _ in range(MALFORMED - bad)))
        grown = proxy.resident_bytes() - before
        seconds = time.monotonic() - began
        for sample in done:
            check(sample)
        print(f"\n{len(done)} requests in {seconds:.0f} s, {grown / 1e6:+.1f} MB; ", end="")
        print(Counter(status for sample in done for status, _, _ in sample.answers), Counter(s.silent for s in done))
        assert sum(sample.passed for sample in done) == len(upstream.requests)
        assert not [request for request in upstream.requests if request.startswith(b"POST /backend-api/codex/v1/")]
        assert grown < MOST_GROWTH_BYTES

        [good] = await send_all(proxy.address, samples([TURN]))
        assert (good.may_pass, good.passed) == (True, 1)


async def test_what_gets_further_is_made_small(tmp_path: Path) -> None:
    """The same, one by one, by a generator that looks for the shortest request which the proxy does not stand."""
    async with serving(tmp_path) as (proxy, upstream):
        loop, passed = asyncio.get_running_loop(), 0

        @hunt
        @given(st.randoms(use_true_random=False).map(mutant) | damaged(st.just(TURN)))
        def send(data: bytes) -> None:
            nonlocal passed
            [sample] = asyncio.run_coroutine_threadsafe(send_all(proxy.address, samples([data])), loop).result()
            passed += sample.passed
            check(sample)

        await asyncio.to_thread(send)
        assert 0 < passed == len(upstream.requests)
