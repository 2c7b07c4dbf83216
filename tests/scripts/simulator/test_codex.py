from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import zstandard

from scripts.simulator.account import AccountChange, WindowChange
from scripts.simulator.codex import TREE
from scripts.simulator.faults import Act, Fault, Moment
from scripts.simulator.models import etag
from scripts.simulator.seals import owner_of
from scripts.simulator.server import Simulator
from scripts.simulator.usage import Usage, usage_json
from tests.scripts.simulator.caller import RESPONSES, Answer, ask, call, credentials, turn


async def get(sim: Simulator, path: str, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await call(sim, "GET", path, {**credentials(sim.auth_json("plus-1")), **names})


async def test_a_turn_is_streamed_and_booked(sim: Simulator) -> None:
    answer = await ask(sim)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert (answer.types()[0], answer.types()[-1]) == ("response.created", "response.completed")
    received = sim.log[-1]
    assert (received.account, received.model, received.completed) == ("plus-1", "gpt-5.5", True)
    assert received.usage is not None
    assert answer.last()["usage"] == usage_json(received.usage)
    assert answer.last()["id"] == received.response_id
    assert sim.books()["plus-1"].usage == received.usage


async def test_the_head_tells_windows_catalog_and_turn_state(sim: Simulator) -> None:
    headers = (await ask(sim, "pro-1")).headers

    assert headers["x-codex-primary-window-minutes"] == "300"
    assert headers["x-codex-secondary-window-minutes"] == "10080"
    assert headers["x-models-etag"] == etag("pro")
    assert headers["x-request-id"] == "req_00000001"
    assert owner_of(headers["x-codex-turn-state"]) == "pro-1"


async def test_a_longer_history_finds_its_beginning_cached_on_the_same_account_only(sim: Simulator) -> None:
    first = (await ask(sim, "plus-1", turn("one"))).last()["usage"]
    same = (await ask(sim, "plus-1", turn("one", "two"))).last()["usage"]
    other = (await ask(sim, "plus-2", turn("one", "two"))).last()["usage"]

    assert first["input_tokens_details"]["cached_tokens"] == 0
    assert same["input_tokens_details"]["cached_tokens"] == first["input_tokens"]
    assert other["input_tokens_details"]["cached_tokens"] == 0


async def test_a_compressed_body_is_understood_and_kept_as_it_came(sim: Simulator) -> None:
    raw = zstandard.ZstdCompressor(write_content_size=False).compress(json.dumps(turn()).encode())
    headers = {**credentials(sim.auth_json("plus-1")), "content-encoding": "zstd"}

    assert (await call(sim, "POST", RESPONSES, headers, raw)).status == 200
    assert sim.log[-1].body == raw


async def test_the_books_are_exact_under_concurrency(sim: Simulator) -> None:
    answers = await asyncio.gather(
        *(ask(sim, name, turn(f"{number}")) for number in range(10) for name in ("plus-1", "pro-1"))
    )

    reported = sum(answer.last()["usage"]["total_tokens"] for answer in answers)
    books = sim.books()
    booked = books["plus-1"].usage + books["pro-1"].usage
    assert booked.input_tokens + booked.output_tokens == reported
    assert (books["plus-1"].completed, books["pro-1"].completed, books["plus-2"].completed) == (10, 10, 0)


async def test_a_full_window_answers_429(sim: Simulator) -> None:
    sim.change("plus-1", AccountChange(windows=(WindowChange(minutes=300, used_percent=100),)))
    answer = await ask(sim)

    assert answer.status == 429
    assert answer.json()["error"]["type"] == "usage_limit_reached"
    assert answer.headers["x-codex-primary-used-percent"] == "100"
    assert (await ask(sim, "plus-2")).status == 200


@pytest.mark.parametrize(("tier", "told"), [(None, "default"), ("priority", "priority"), ("flex", "default")], ids=str)
async def test_the_tier_that_served_is_told(sim: Simulator, tier: str | None, told: str) -> None:
    assert (await ask(sim, body=turn(service_tier=tier))).last()["service_tier"] == told


async def test_a_compaction_inside_responses_gives_one_sealed_item(sim: Simulator) -> None:
    body = turn()
    body["input"].append({"type": "compaction_trigger"})
    done = [e["item"] for e in (await ask(sim, body=body)).events() if e["type"] == "response.output_item.done"]

    assert [item["type"] for item in done] == ["compaction"]
    assert owner_of(done[0]["encrypted_content"]) == "plus-1"


async def test_a_compaction_as_older_clients_ask_for_it(sim: Simulator) -> None:
    answer = await call(sim, "POST", RESPONSES + "/compact", credentials(sim.auth_json("plus-1")), turn())

    assert [item["type"] for item in answer.json()["output"]] == ["compaction"]
    received = sim.log[-1]
    assert received.usage is not None
    assert answer.json()["usage"] == usage_json(received.usage)
    assert sim.books()["plus-1"].usage == received.usage


@pytest.mark.parametrize(
    ("rejects", "name", "status"),
    [(False, "plus-2", 200), (True, "plus-2", 400), (True, "plus-1", 200)],
    ids=["portable", "bound, elsewhere", "bound, at home"],
)
async def test_encrypted_content_may_be_bound_to_its_account(
    sim: Simulator, rejects: bool, name: str, status: int
) -> None:
    items = (await ask(sim, "plus-1")).last()["output"]
    sim.change(name, AccountChange(rejects_foreign_content=rejects))
    body = turn()
    body["input"] += items
    answer = await ask(sim, name, body)

    assert answer.status == status
    if status == 400:
        assert answer.json()["error"]["code"] == "invalid_encrypted_content"


async def test_the_catalog_has_an_etag(sim: Simulator) -> None:
    path, of_plus = TREE + "models?client_version=0.169.0", etag("plus")
    first, again, changed = (
        await get(sim, path),
        await get(sim, path, if_none_match=of_plus),
        await get(sim, path, if_none_match=etag("pro")),
    )

    assert (first.status, first.headers["etag"]) == (200, of_plus)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", of_plus)
    assert changed.body == first.body


@pytest.mark.parametrize(
    ("model", "status", "said"),
    [
        pytest.param("gpt-6.1-sol", 200, None, id="in the list of the plan"),
        pytest.param("codex-auto-review", 200, None, id="in the list, not to pick"),
        pytest.param(
            "gpt-6.1-sol-pro",
            400,
            {"detail": "The 'gpt-6.1-sol-pro' model is not supported when using Codex with a ChatGPT account."},
            id="in the list of another plan",
        ),
        pytest.param(
            "gpt-99",
            404,
            {
                "error": {
                    "message": "The model `gpt-99` does not exist or you do not have access to it.",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "model_not_found",
                }
            },
            id="in no list",
        ),
    ],
)
async def test_a_strict_service_refuses_what_is_not_listed(model: str, status: int, said: object) -> None:
    async with Simulator(accounts="plus", listed_only=True) as strict:
        answer = await ask(strict, "plus-1", {**turn("hi"), "model": model})

    assert answer.status == status
    if said:
        assert answer.json() == said


@pytest.mark.parametrize("path", ["alpha/search", "images/generations", "images/edits"])
async def test_the_tools_of_the_client_have_their_endpoints(sim: Simulator, path: str) -> None:
    answer = await call(sim, "POST", TREE + path, credentials(sim.auth_json("plus-1")), {"id": "s"})

    assert answer.status == 200
    assert set(answer.json()) in ({"id", "output", "results"}, {"created", "data"})


async def test_unknown_paths_below_the_tree_are_echoed(sim: Simulator) -> None:
    headers = {**credentials(sim.auth_json("plus-1")), "X-Mine": "1"}
    echo = (await call(sim, "PUT", TREE + "memories/x?y=z", headers, b"\x00raw")).json()

    told = (echo["method"], echo["path"], echo["query"], echo["body"])
    assert told == ("PUT", TREE + "memories/x", "y=z", "AHJhdw==")
    assert ["X-Mine", "1"] in echo["headers"]


async def test_websockets_are_not_offered(sim: Simulator) -> None:
    answer = await get(sim, RESPONSES, connection="upgrade", upgrade="websocket")

    assert answer.status == 426


@pytest.mark.parametrize(
    ("data", "encoding", "status"),
    [
        pytest.param(b"{", "", 400, id="broken JSON"),
        pytest.param(b"{}", "", 400, id="no model"),
        pytest.param(b"", "", 400, id="no body"),
        pytest.param(b"{}", "zstd", 400, id="not zstd"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(sim: Simulator, data: bytes, encoding: str, status: int) -> None:
    headers = {**credentials(sim.auth_json("plus-1")), "content-encoding": encoding}

    assert (await call(sim, "POST", RESPONSES, headers, data)).status == status


CALL = {"type": "function_call", "name": "shell", "call_id": "c", "arguments": "{}"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(Fault(text="one\ntwo\n"), {"text": "one\ntwo\n", "deltas": 2}, id="text"),
        pytest.param(Fault(deltas=30), {"deltas": 30}, id="number of deltas"),
        pytest.param(Fault(deltas=3, delta_chars=500), {"deltas": 3, "longest": True}, id="size of deltas"),
        pytest.param(Fault(items=(CALL,)), {"deltas": 0, "item": CALL}, id="a function call"),
        pytest.param(Fault(usage={"input_tokens": 90_000}), {"input": 90_000}, id="usage"),
        pytest.param(Fault(omit_usage=True), {"input": None}, id="no usage"),
        pytest.param(Fault(incomplete="max_output_tokens"), {"last": "response.incomplete"}, id="incomplete"),
        pytest.param(Fault(headers={"openai-model": "other"}), {"model": "other"}, id="more headers"),
        pytest.param(Fault(delta_seconds=0.001), {"deltas": 8}, id="pace"),
    ],
)
async def test_the_shape_of_an_answer_can_be_scripted(sim: Simulator, fault: Fault, expected: dict[str, Any]) -> None:
    sim.script(fault)
    answer = await ask(sim)
    deltas = [e["delta"] for e in answer.events() if e["type"] == "response.output_text.delta"]
    usage = answer.last()["usage"]

    assert (
        expected.items()
        <= {
            "text": "".join(deltas),
            "deltas": len(deltas),
            "longest": max(map(len, deltas), default=0) >= 500,
            "item": answer.last()["output"][-1],
            "input": usage and usage["input_tokens"],
            "last": answer.types()[-1],
            "model": answer.headers["openai-model"],
        }.items()
    )


async def test_an_answer_without_usage_is_booked_as_nothing(sim: Simulator) -> None:
    sim.script(Fault(omit_usage=True))
    await ask(sim)

    assert (sim.books()["plus-1"].completed, sim.books()["plus-1"].usage) == (1, Usage())
    assert sim.log[-1].usage is None


TOLD = {"input_tokens": 9, "cached_tokens": 4, "output_tokens": 2, "reasoning_tokens": 1}


@pytest.mark.parametrize(("told", "booked"), [({}, None), (TOLD, Usage(**TOLD))], ids=["not told", "told"])
@pytest.mark.parametrize("at", [Moment.HEAD, Moment.CREATED, Moment.OUTPUT])
async def test_a_failed_answer_is_booked_if_it_says_what_it_used(
    sim: Simulator, at: Moment, told: dict[str, int], booked: Usage | None
) -> None:
    sim.script(Fault(act=Act.FAILED, at=at, usage=told))
    answer = await ask(sim)

    assert answer.last()["usage"] == (booked and usage_json(booked))
    assert (sim.books()["plus-1"].completed, sim.books()["plus-1"].usage) == (0, booked or Usage())
    assert sim.log[-1].usage == booked


async def test_a_fault_of_one_thread_leaves_the_others_alone(sim: Simulator) -> None:
    sim.script(Fault(thread="t", status=503, times=None))
    statuses = [
        (await call(sim, "POST", RESPONSES, {**credentials(sim.auth_json("plus-1")), "thread-id": name}, turn())).status
        for name in ("s", "t")
    ]

    assert statuses == [200, 503]


async def test_the_same_seed_answers_the_same() -> None:
    texts = []
    for seed in (1, 1, 2):
        async with Simulator(accounts="plus", seed=seed) as sim:
            texts.append((await ask(sim)).last()["id"])

    assert texts[0] == texts[1] != texts[2]
