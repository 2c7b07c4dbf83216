from __future__ import annotations

from typing import Any

import pytest

from scripts.simulator.cache import Prefixes, PromptCache, prefixes, prompt_parts
from tests.scripts.simulator.caller import message, turn

NOW = 1_000.0


def prompt(*texts: str, **more: Any) -> Prefixes:
    return prefixes(prompt_parts(turn(*texts, **more)))


SEEN = prompt("one", "two")


@pytest.mark.parametrize(
    ("asked", "items_cached"),
    [
        pytest.param(SEEN, 2, id="the same again"),
        pytest.param(prompt("one", "two", "three"), 2, id="a later turn"),
        pytest.param(prompt("one"), 1, id="an earlier one"),
        pytest.param(prompt("one", "other"), 1, id="a common beginning"),
        pytest.param(prompt("other", "two"), 0, id="another beginning"),
        pytest.param(prompt("one", "two", instructions="Be brief."), 0, id="other instructions"),
        pytest.param((), 0, id="nothing asked"),
    ],
)
def test_the_longest_prefix_seen_is_cached(asked: Prefixes, items_cached: int) -> None:
    cache = PromptCache(ttl_seconds=60)
    cache.remember(SEEN, NOW)

    assert cache.cached_tokens(asked, NOW) == (SEEN[items_cached - 1][1] if items_cached else 0)


@pytest.mark.parametrize(("later", "is_cached"), [(59.9, True), (60.0, False)])
def test_a_prompt_is_forgotten_after_its_time(later: float, is_cached: bool) -> None:
    cache = PromptCache(ttl_seconds=60)
    cache.remember(SEEN, NOW)

    assert bool(cache.cached_tokens(SEEN, NOW + later)) is is_cached


def test_forgetting_does_not_wait_for_a_question() -> None:
    cache = PromptCache(ttl_seconds=60)
    cache.remember(SEEN, NOW)
    cache.remember(prompt("later"), NOW + 100)

    assert cache.cached_tokens(SEEN, NOW) == 0


def test_using_a_prompt_keeps_it() -> None:
    cache = PromptCache(ttl_seconds=60)
    cache.remember(SEEN, NOW)
    cache.remember(SEEN, NOW + 50)

    assert cache.cached_tokens(SEEN, NOW + 100) == SEEN[-1][1]


def test_what_no_model_reads_does_not_matter() -> None:
    """Clients make new item ids and metadata for the same history."""
    named = {**message("one"), "id": "msg_1", "internal_chat_message_metadata_passthrough": {"turn_id": "t"}}

    assert prompt_parts({"input": [named]}) == prompt_parts({"input": [message("one")]})


@pytest.mark.parametrize(
    ("body", "count"), [({}, 0), ({"input": "just text"}, 1), ({"tools": [{}], "input": [1]}, 2), ({"input": None}, 0)]
)
def test_any_shape_of_input_has_parts(body: dict[str, Any], count: int) -> None:
    assert len(prompt_parts(body)) == count
