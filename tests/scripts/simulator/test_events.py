from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from scripts.simulator import events
from scripts.simulator.events import Reply, steps, text_pieces
from scripts.simulator.faults import Moment
from scripts.simulator.usage import Usage, usage_json


def reply(*items: Mapping[str, Any], pieces: tuple[str, ...] = (), incomplete: str | None = None) -> Reply:
    return Reply("resp_1", "gpt-5.5", "default", 1_000, items, pieces, Usage(1, 0, 2, 1), incomplete)


TURN = reply(events.reasoning_item("rs_1", "sealed"), events.message_item("msg_1", "a b"), pieces=("a", " b"))


def read(data: bytes) -> tuple[str, dict[str, Any]]:
    head, _, rest = data.decode().partition("\n")
    assert rest.startswith("data: ")
    assert rest.endswith("\n\n")
    return head.removeprefix("event: "), json.loads(rest[6:])


def test_a_turn_in_the_order_of_the_responses_api() -> None:
    assert [read(step.data)[0].removeprefix("response.") for step in steps(TURN)] == [
        "created",
        "in_progress",
        *("output_item.added", "output_item.done"),
        *("output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.delta", "output_text.done"),
        *("content_part.done", "output_item.done"),
        "completed",
    ]


def test_events_are_numbered_and_named_alike_in_event_and_data() -> None:
    for number, step in enumerate(steps(TURN)):
        name, data = read(step.data)
        assert (data["type"], data["sequence_number"]) == (name, number)


def test_the_deltas_are_the_text() -> None:
    found = [read(step.data)[1] for step in steps(TURN)]

    assert "".join(event["delta"] for event in found if event["type"].endswith("delta")) == "a b"
    assert found[-1]["response"]["output"][1]["content"][0]["text"] == "a b"


def test_the_last_event_tells_id_model_tier_and_usage() -> None:
    last = read(list(steps(TURN))[-1].data)[1]["response"]

    told = (last["id"], last["model"], last["service_tier"], last["status"])
    assert told == ("resp_1", "gpt-5.5", "default", "completed")
    assert last["usage"] == usage_json(Usage(1, 0, 2, 1))


@pytest.mark.parametrize(
    ("answer", "outputs"),
    [
        pytest.param(TURN, ["response.output_text.delta"] * 2, id="deltas of a message"),
        pytest.param(reply({"type": "function_call"}), ["response.output_item.done"], id="a function call"),
        pytest.param(reply(events.compaction_item("c", "s")), ["response.output_item.done"], id="a compaction"),
        pytest.param(reply(events.reasoning_item("r", "s")), [], id="reasoning shows nothing"),
    ],
)
def test_what_a_person_would_see(answer: Reply, outputs: list[str]) -> None:
    assert [read(step.data)[0] for step in steps(answer) if step.is_output] == outputs


def test_moments_are_reached_after_the_opening_and_at_the_end() -> None:
    reached = {step.reached: read(step.data)[0] for step in steps(TURN) if step.reached}

    assert reached == {Moment.CREATED: "response.in_progress", Moment.COMPLETED: "response.completed"}


def test_an_answer_can_end_incomplete() -> None:
    name, data = read(list(steps(reply(incomplete="max_output_tokens")))[-1].data)

    assert name == "response.incomplete"
    assert data["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


def test_a_failure_names_its_error() -> None:
    name, data = read(events.failed_event(TURN, {"code": "server_error", "message": "m"}, 7))

    assert (name, data["sequence_number"], data["response"]["status"]) == ("response.failed", 7, "failed")
    assert data["response"]["error"] == {"code": "server_error", "message": "m"}
    assert data["response"]["usage"] is None


def test_a_failure_may_tell_what_was_used_all_the_same() -> None:
    _, data = read(events.failed_event(TURN, {"code": "server_error"}, 7, Usage(input_tokens=9, output_tokens=2)))

    assert data["response"]["usage"] == usage_json(Usage(input_tokens=9, output_tokens=2))


@pytest.mark.parametrize(("deltas", "chars"), [(0, 1), (1, 1), (24, 1), (3, 200)])
def test_text_comes_in_as_many_pieces_as_asked(deltas: int, chars: int) -> None:
    pieces = text_pieces(random.Random(1), 5, deltas, chars)

    assert len(pieces) == deltas
    assert all(len(piece) >= chars for piece in pieces[1:])
    assert pieces == text_pieces(random.Random(1), 5, deltas, chars)
