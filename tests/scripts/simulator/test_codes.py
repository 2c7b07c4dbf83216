from __future__ import annotations

import pytest

from scripts.simulator.clock import Clock
from scripts.simulator.codes import LIFE_SECONDS, Codes, challenge_of
from scripts.simulator.refusals import Refusal

HERE, ELSEWHERE = "http://127.0.0.1:1455/auth/callback", "http://127.0.0.1:1457/auth/callback"
VERIFIER = "v" * 64


def give(codes: Codes) -> str:
    return codes.give("alice", frozenset({HERE}), challenge_of(VERIFIER))


def test_the_challenge_is_that_of_the_standard() -> None:
    """The example of RFC 7636, appendix B."""
    expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == expected


def test_a_code_is_redeemed_once() -> None:
    codes = Codes(Clock(source=lambda: 1_000.0), seed=1)
    code = give(codes)

    assert codes.holder(code) == "alice"
    assert codes.redeem(code, HERE, VERIFIER) == "alice"
    with pytest.raises(Refusal, match="unknown or has been used"):
        codes.redeem(code, HERE, VERIFIER)
    assert codes.holder(code) is None


@pytest.mark.parametrize(
    ("redirect_uri", "verifier", "seconds", "why"),
    [
        pytest.param(ELSEWHERE, VERIFIER, 0, "redirect_uri", id="another address"),
        pytest.param(HERE, "w" * 64, 0, "code_verifier", id="another verifier"),
        pytest.param(HERE, "", 0, "code_verifier", id="no verifier"),
        pytest.param(HERE, "é", 0, "code_verifier", id="a verifier that is none"),
        pytest.param(HERE, VERIFIER, LIFE_SECONDS, "expired", id="too late"),
    ],
)
def test_a_wrong_try_spends_the_code(redirect_uri: str, verifier: str, seconds: float, why: str) -> None:
    now = [1_000.0]
    codes = Codes(Clock(source=lambda: now[0]), seed=1)
    code = give(codes)
    now[0] += seconds

    with pytest.raises(Refusal, match=why) as refused:
        codes.redeem(code, redirect_uri, verifier)
    assert (refused.value.status, refused.value.body["error"]) == (400, "invalid_grant")
    with pytest.raises(Refusal, match="unknown or has been used"):
        codes.redeem(code, HERE, VERIFIER)


def test_codes_are_unlike_each_other_and_the_same_for_a_seed() -> None:
    clock = Clock(source=lambda: 1_000.0)
    codes, again, other = (Codes(clock, seed) for seed in (1, 1, 2))
    first, second = give(codes), give(codes)

    assert first == give(again)
    assert len({first, second, give(other)}) == 3
