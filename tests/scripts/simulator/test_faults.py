from __future__ import annotations

from typing import Any

import msgspec
import pytest

from scripts.simulator.faults import ORDINARY, Act, Fault, FaultQueue, Moment, parse_faults


@pytest.mark.parametrize(
    ("fault", "matches"),
    [
        pytest.param(Fault(), True, id="matches all"),
        pytest.param(Fault(account="a"), True, id="account"),
        pytest.param(Fault(account="b"), False, id="other account"),
        pytest.param(Fault(path="/responses"), True, id="end of the path"),
        pytest.param(Fault(path="/responses/compact"), False, id="other path"),
        pytest.param(Fault(model="m"), True, id="model"),
        pytest.param(Fault(model="n"), False, id="other model"),
        pytest.param(Fault(thread="t"), True, id="thread"),
        pytest.param(Fault(thread="u"), False, id="other thread"),
        pytest.param(Fault(account="a", model="n"), False, id="all must match"),
        pytest.param(Fault(act=Act.RESET, at=Moment.ACCEPT), False, id="for connections, not requests"),
    ],
)
def test_which_calls_a_fault_hits(fault: Fault, matches: bool) -> None:
    assert fault.matches("a", "/backend-api/codex/responses", "m", "t") is matches


def test_faults_serve_in_order_and_as_often_as_they_say() -> None:
    queue = FaultQueue()
    twice, once = Fault(status=500, times=2), Fault(status=429)
    queue.script(twice, once)

    assert [queue.take("a", "/", None) for _ in range(4)] == [twice, twice, once, ORDINARY]


def test_a_fault_that_does_not_match_waits() -> None:
    queue = FaultQueue()
    for_b, for_all = Fault(account="b"), Fault(times=None, status=500)
    queue.script(for_b, for_all)

    assert queue.take("a", "/", None) is for_all
    assert queue.take("b", "/", None) is for_b
    assert queue.pending() == (for_all,)


def test_faults_can_be_cleared() -> None:
    queue = FaultQueue()
    queue.script(Fault())
    queue.clear()

    assert queue.take("a", "/", None) is ORDINARY


def test_a_fault_at_accept_serves_connections() -> None:
    queue = FaultQueue()
    queue.script(Fault(status=500), Fault(act=Act.RESET, at=Moment.ACCEPT))

    assert [queue.take_accept(), queue.take_accept()] == [True, False]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault(act=Act.FAILED, at=Moment.CREATED, error={"code": "server_is_overloaded", "message": "m"}),
        Fault(status=429, body={"error": {"type": "usage_limit_reached"}}, headers={"retry-after": "2"}, times=None),
        Fault(
            act=Act.SILENCE, after_bytes=10, seconds=0.5, items=({"type": "function_call"},), usage={"input_tokens": 9}
        ),
    ],
)
def test_a_fault_survives_json(fault: Fault) -> None:
    assert parse_faults(msgspec.json.encode(fault)) == (fault,)
    assert parse_faults(msgspec.json.encode([fault, fault])) == (fault, fault)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"statsu": 500}', "no statsu; it has account, act"),
        (b'{"act": "explode"}', "explode"),
        (b'{"times": "often"}', "times"),
        (b"7", "no int"),
        (b"{", "truncated"),
    ],
)
def test_json_that_is_no_fault_is_refused_with_a_reason(text: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_faults(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": Moment.ACCEPT, "act": Act.CLOSE},
        {"at": Moment.ACCEPT, "act": Act.RESET, "account": "a"},
        {"at": Moment.REQUEST, "act": Act.FAILED},
        {"at": Moment.COMPLETED, "act": Act.FAILED},
    ],
)
def test_a_fault_that_cannot_happen_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"accept|fail"):
        Fault(**wrong)
