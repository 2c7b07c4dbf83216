from __future__ import annotations

from typing import Any

import pytest

from scripts.simulator.events import message_item
from scripts.simulator.replies import is_compaction, output_chars

TRIGGER = {"type": "compaction_trigger"}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        pytest.param("/responses", {"input": [{}, TRIGGER]}, True, id="trigger last"),
        pytest.param("/responses", {"input": [TRIGGER, {}]}, False, id="trigger earlier"),
        pytest.param("/responses", {"input": []}, False, id="no items"),
        pytest.param("/responses", {"input": "text"}, False, id="text"),
        pytest.param("/responses", {}, False, id="nothing"),
        pytest.param("/responses/compact", {"input": []}, True, id="by path"),
    ],
)
def test_when_a_compaction_is_asked_for(path: str, body: dict[str, Any], expected: bool) -> None:
    assert is_compaction(path, body) is expected


@pytest.mark.parametrize(
    ("item", "chars"),
    [
        (message_item("msg_1", "four"), 4),
        ({"type": "reasoning", "encrypted_content": "x" * 99}, 0),
        ({"type": "function_call"}, len('{"type":"function_call"}')),
    ],
)
def test_what_counts_as_written_by_the_model(item: dict[str, Any], chars: int) -> None:
    assert output_chars(item) == chars
