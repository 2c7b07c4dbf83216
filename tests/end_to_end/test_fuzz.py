"""Twenty thousand malformed requests later the proxy serves as before, and none of them went any further."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

from tests.end_to_end.fuzzing import Sample, samples, send_all
from tests.end_to_end.mutations import draft, mutants
from tests.end_to_end.noting import serving
from tests.end_to_end.oracle import Verdict

SEED = 20
MALFORMED = 20_000
WARM_UP = 1_000
"""What any proxy keeps, it has then: code, caches, the memory that the allocator holds back."""
MOST_GROWTH_BYTES = 20 * 1024 * 1024


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
        assert grown < MOST_GROWTH_BYTES

        [good] = await send_all(proxy.address, samples([draft(random.Random(SEED)).bytes()]))
        assert (good.may_pass, good.passed) == (True, 1)
