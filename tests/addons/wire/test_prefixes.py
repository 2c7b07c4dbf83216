"""Two prompts are compared by checksums: how much of the earlier one stands at the beginning of the later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from addons.wire.asks import parse_ask
from addons.wire.prefixes import BLOCK_BYTES, MOST_BLOCKS, PICTURE_BYTES, Prompt, shared, text_bytes
from addons.wire.routes import Route
from tests.captures import captured


def prompt(items: list[str], **fields: Any) -> Prompt:
    """Of a body with these items; each is 1 kB and tells its name."""
    body = {"model": "gpt-5.5", "instructions": "be brief", "input": [f"{item:-<1022}" for item in items], **fields}
    found = parse_ask(Route.RESPONSES, {}, json.dumps(body, separators=(",", ":")).encode()).prompt
    assert found
    return found


HISTORY = [f"item {number}" for number in range(40)]
LONGER = [*HISTORY, "one more", "and one more"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(prompt(HISTORY), 1.0, id="the same"),
        pytest.param(prompt(LONGER), 1.0, id="goes on"),
        pytest.param(prompt(LONGER, client_metadata={"turn_id": "other"}, stream=True), 1.0, id="not the prompt"),
        pytest.param(prompt(["other", *LONGER[1:]]), 0.0, id="another beginning"),
        pytest.param(prompt([*HISTORY[:20], "other", *LONGER[21:]]), 0.5, id="changed in the middle"),
        pytest.param(prompt(HISTORY[:20]), 0.5, id="shorter"),
        pytest.param(prompt(LONGER, instructions="be long"), 0.0, id="other instructions"),
        pytest.param(prompt(LONGER, tools=[{"type": "function"}]), 0.0, id="other tools"),
        pytest.param(prompt(LONGER, model="gpt-5.5-mini"), 0.0, id="another model has another cache"),
    ],
)
def test_what_stands_unchanged_at_the_beginning(now: Prompt, expected: float) -> None:
    assert shared(prompt(HISTORY), now) == pytest.approx(expected, abs=0.03)


def test_what_is_shorter_than_a_block_is_judged_by_what_stands_before_it() -> None:
    assert shared(prompt(["a"]), prompt(["b"])) == 1.0
    assert shared(prompt(["a"]), prompt(["a"], instructions="other")) == 0.0


def test_codex_sends_what_it_sent_before_and_goes_on() -> None:
    """Two requests of one real turn."""
    before, now = (request for request in captured("tool_output") + captured("next_turn_resume"))
    prompts = [parse_ask(Route.RESPONSES, dict(r.headers), r.body).prompt for r in (before, now)]

    assert prompts[0] and prompts[1]
    assert shared(prompts[0], prompts[1]) == 1.0
    assert len(prompts[0].blocks) >= 2


def test_a_prompt_takes_little_memory_and_holds_nothing_of_its_text() -> None:
    found = prompt(["secret"] * 40)
    endless = prompt(["x"] * (MOST_BLOCKS * BLOCK_BYTES // 1024 + 100))

    assert len(found.blocks) == 10 and "secret" not in repr(found)
    assert len(endless.blocks) == MOST_BLOCKS
    assert endless.blocks.itemsize * MOST_BLOCKS <= 4096


@pytest.mark.parametrize("body", [b"{}", b'{"input":null}', b'{"input":""}', b'{"input":[]}'])
def test_a_body_without_an_input_is_a_prompt_too(body: bytes) -> None:
    found = parse_ask(Route.RESPONSES, {}, body).prompt

    assert found and len(found.blocks) == 0 and found.text_bytes == len(body)


def test_only_what_a_model_reads_is_a_prompt() -> None:
    assert parse_ask(Route.SEARCH, {}, b'{"input":[]}').prompt is None


PICTURE = b'{"type":"input_image","image_url":"data:image/png;base64,%s"}'


@pytest.mark.parametrize(
    ("body", "left_out"),
    [
        pytest.param(b"[%s]" % (PICTURE % (b"A" * 1_000_000)), 1_000_000, id="a picture"),
        pytest.param(b"[%s,%s]" % (PICTURE % (b"A" * 50_000), PICTURE % (b"B" * 50_000)), 100_000, id="two"),
        pytest.param(b"[%s]" % (PICTURE % b"AAAA"), 0, id="a small one"),
        pytest.param(b'["see :\\"data:image/png;base64,%s\\""]' % (b"A" * 50_000), 0, id="in a text"),
        pytest.param(b'{"image_url":"data:image/png;base64,' + b"A" * 50_000, 0, id="without an end"),
        pytest.param(b"[%s]" % b",".join([PICTURE % (b"A" * 5000)] * 5000), 4096 * 928, id="more than anybody sends"),
    ],
)
def test_a_picture_has_fewer_tokens_than_its_bytes_say(body: bytes, left_out: int) -> None:
    assert len(body) - left_out <= text_bytes(body) <= len(body) - left_out + 2 * PICTURE_BYTES
