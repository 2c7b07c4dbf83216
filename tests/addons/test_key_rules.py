"""What a key allows and what it makes of a body, told by what reaches the upstream through the real proxy."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from codexlb_store.accounts import account_id
from codexlb_store.exchanges import ExchangeRow, requests
from codexlb_store.limit_texts import parse_limit
from codexlb_store.schema import open_store
from codexlb_store.sessions import Home, save_home
from tests.addons.key_lab import TURN, a_key, bearer
from tests.addons.proxy import Upstream, running, store_with

A, B = account_id("user-a", "acct-a"), account_id("user-b", "acct-b")
TREE = "/backend-api/codex/"
SERVED = Upstream().answer


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with the accounts a and b."""
    store_with(tmp_path, "a", "b").close()
    return tmp_path


def rows(home: Path) -> list[ExchangeRow]:
    """The ledger, newest first."""
    with closing(open_store(home)) as db:
        return requests(db, 100)


def asks(model: str | None = "gpt-5.5", effort: str | None = None, **more: Any) -> bytes:
    reasoning = {"reasoning": {"effort": effort}} if effort else {}
    return json.dumps({**({"model": model} if model else {}), "input": [], **reasoning, **more}).encode()


MODELS: dict[str, Any] = {"models": ("gpt-5.5", "gpt-5.4*")}
EFFORTS: dict[str, Any] = {"efforts": ("low", "medium")}
RULES: dict[str, tuple[dict[str, Any], str, bytes, str | None]] = {
    "model": (MODELS, "responses", asks("gpt-5.5"), None),
    "model by glob": (MODELS, "responses", asks("gpt-5.4-mini"), None),
    "other model": (MODELS, "responses", asks("gpt-5.5-pro"), "model_not_allowed"),
    "other model, compact": (MODELS, "responses/compact", asks("gpt-5.5-pro"), "model_not_allowed"),
    "other model, search": (MODELS, "alpha/search", asks("gpt-5.5-pro"), "model_not_allowed"),
    "image model": (MODELS, "images/generations", asks("gpt-image-2"), "model_not_allowed"),
    "no model": (MODELS, "responses", asks(None), "model_not_allowed"),
    "no model that can be read": (MODELS, "anything/else", asks(None), "model_not_allowed"),
    "the last of two models": (
        MODELS,
        "responses",
        b'{"model":"gpt-5.5","model":"o9","input":[]}',
        "model_not_allowed",
    ),
    "in other letters": (MODELS, "responses", b'{"\\u006dodel":"o9","input":[]}', "model_not_allowed"),
    "any model": ({}, "responses", asks("o9"), None),
    "effort": (EFFORTS, "responses", asks(effort="low"), None),
    "other effort": (EFFORTS, "responses", asks(effort="xhigh"), "reasoning_effort_not_allowed"),
    "the model's own effort": (EFFORTS, "responses", asks(), None),
    "both": (MODELS | EFFORTS, "responses", asks("gpt-5.4", "medium"), None),
    # what is enforced is what is judged
    "enforced into what is allowed": ({**MODELS, "enforced_model": "gpt-5.5"}, "responses", asks("o9"), None),
    # where nothing is put into a body, what would be is all that may stand there
    "another than the enforced one": ({"enforced_model": "gpt-5.5"}, "memories/x", asks("o9"), "model_not_allowed"),
    "none where one is enforced": ({"enforced_model": "gpt-5.5"}, "realtime/calls", b"v=0", "model_not_allowed"),
    "a decoy in a call": (MODELS, "realtime/calls", b'{"model":"gpt-5.5","x":{"model":"o9"}}', "model_not_allowed"),
    "in the query": (MODELS, "new/thing?a=1&model=o9", b"", "model_not_allowed"),
    "in the query, escaped": (MODELS, "memories/x?%6dodel=o9", asks("gpt-5.5"), "model_not_allowed"),
    "in the query, twice": (MODELS, "new/thing?model=gpt-5.5&model=o9", b"", "model_not_allowed"),
    "another than the enforced one, in the query": (
        {"enforced_model": "gpt-5.5"},
        "new/thing?model=o9",
        b"",
        "model_not_allowed",
    ),
    "an allowed one in the query": (MODELS, "new/thing?model=gpt-5.5", b"", None),
    "the enforced one": ({"enforced_model": "gpt-5.5"}, "memories/x", asks("gpt-5.5"), None),
    "another effort than the enforced one": (
        {"enforced_effort": "low"},
        "memories/x",
        asks("o9", "high"),
        "reasoning_effort_not_allowed",
    ),
    "memories": (MODELS, "memories/trace_summarize", asks("o9"), "model_not_allowed"),
    "memories without a model": (MODELS, "memories/trace_summarize", asks(None), "model_not_allowed"),
    "a transcription": ({"enforced_model": "gpt-5.5"}, "transcribe", asks("gpt-4o-transcribe"), None),
    # what no model answers
    "events": (MODELS, "analytics-events/events", b"{}", None),
    "a file": (MODELS, "files", b"{}", None),
    "a file that is confirmed": (MODELS, "files/file_1/uploaded", b"{}", None),
    "a goal": (MODELS, "thread/goal/set", b"{}", None),
    "more of a file": (MODELS, "files/file_1/ask", b"{}", "model_not_allowed"),
    "more events": (MODELS, "analytics-events/more", b"{}", "model_not_allowed"),
    "with v1": (MODELS, "v1/responses", asks("gpt-5.5-pro"), "model_not_allowed"),
    "enforced effort": ({**EFFORTS, "enforced_effort": "low"}, "responses", asks(effort="high"), None),
}


@pytest.mark.parametrize(("rules", "path", "body", "code"), RULES.values(), ids=RULES.keys())
async def test_what_a_key_may_ask_for(home: Path, rules: dict[str, Any], path: str, body: bytes, code: str) -> None:
    plain = a_key(home, **rules)
    async with running(home) as proxy:
        status, said = await proxy.ask(path=TREE + path, body=body, content_type="application/json", **bearer(plain))

        assert (status, len(proxy.upstream.requests)) == ((403, 0) if code else (200, 1))
    if code:
        error = json.loads(said)["error"]
        assert (error["code"], error["param"]) == (
            code, "model" if code == "model_not_allowed" else "reasoning.effort",
        )  # fmt: skip
        assert [(row.outcome, row.error) for row in rows(home)] == [("refused", code)]


FORM = "multipart/form-data; boundary=B0"
OF_IMAGES: dict[str, Any] = {"limits": (parse_limit("1req/day:gpt-image*"),)}


def a_form(*models: str, prompt: str = "a cat", more: str = "") -> bytes:
    """A picture to be edited, as OpenAI's own libraries send it."""
    fields = [("prompt", prompt), *(("model", model) for model in models)]
    parts = [f'--B0\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n' for name, text in fields]
    picture = b'--B0\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n\x89PNG\x00"model"\r\n'
    return "".join(parts).encode() + picture + b"--B0--\r\n"


FORMS: dict[str, tuple[dict[str, Any], bytes, str, str | None]] = {
    "model": ({"models": ("gpt-image-2",)}, a_form("gpt-image-2"), FORM, None),
    "other model": ({"models": ("gpt-image-2",)}, a_form("gpt-image-9"), FORM, "not for the model 'gpt-image-9'"),
    "no model": ({"models": ("gpt-image-2",)}, a_form(), FORM, "this request names none"),
    "two models": ({"models": ("*",)}, a_form("gpt-image-2", "x"), FORM, "more than one model"),
    "an unclear form": ({"models": ("*",)}, a_form("x", more="; x=y"), FORM, "does not say plainly"),
    "no form at all": ({"models": ("*",)}, a_form("x"), "text/plain", "this request names none"),
    "JSON that says it is a form": ({"models": ("*",)}, b'{"model":"x"}', FORM, "does not begin and end"),
    "a prompt that looks like JSON": ({"models": ("x",)}, a_form("x", prompt='{"model":"y","model":"z"}'), FORM, None),
    "an unclear form, but any model": ({}, a_form("x", more="; x=y"), FORM, None),
    "an unclear form, but any model with some effort": (EFFORTS, a_form("x", "y"), FORM, None),
    "an unclear form and a limit for a model": (OF_IMAGES, a_form("x", more="; x=y"), FORM, "does not say plainly"),
    "no model and a limit for a model": (OF_IMAGES, b'{"prompt":"a cat"}', "application/json", "name its model"),
    "nothing is enforced": ({"enforced_model": "gpt-5.5"}, a_form("gpt-image-2"), FORM, None),
}


@pytest.mark.parametrize(("rules", "body", "kind", "message"), FORMS.values(), ids=FORMS.keys())
async def test_the_model_of_a_form_is_held_against_the_key(
    home: Path, rules: dict[str, Any], body: bytes, kind: str, message: str | None
) -> None:
    plain = a_key(home, **rules)
    async with running(home) as proxy:
        status, said = await proxy.ask(path=TREE + "images/edits", body=body, content_type=kind, **bearer(plain))

        assert (status, len(proxy.upstream.requests)) == ((403, 0) if message else (200, 1))
        if message is None:
            assert proxy.upstream.requests[0].endswith(body)
    if message:
        error = json.loads(said)["error"]
        assert (error["code"], error["param"]) == ("model_not_allowed", "model")
        assert message in error["message"]


async def test_a_limit_for_a_model_counts_the_forms_that_name_it(home: Path) -> None:
    key = bearer(a_key(home, **OF_IMAGES))
    async with running(home) as proxy:
        statuses = [
            (await proxy.ask(path=TREE + "images/edits", body=a_form(model), content_type=FORM, **key))[0]
            for model in ("gpt-image-2", "dall-e-2", "gpt-image-2")
        ]
    assert statuses == [200, 200, 429]
    assert [row.model for row in rows(home) if row.outcome == "refused"] == ["gpt-image-2"]


async def test_a_form_is_no_turn_and_nothing_is_enforced_on_it(home: Path) -> None:
    plain = a_key(home, enforced_model="gpt-5.5")
    async with running(home) as proxy:
        status, _ = await proxy.ask(body=a_form("gpt-5.5"), content_type=FORM, **bearer(plain))
        assert (status, proxy.upstream.connections) == (400, 0)


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\ud800\\ud800"])
@pytest.mark.parametrize(
    "body",
    [
        '{"model":"HALF","input":[]}',
        '{"model":"HALF","model":"gpt-5.5","input":[]}',
        '{"service_tier":"flex","service_tier":"HALF","input":[]}',
        '{"service_tier":"HALF","service_tier":"flex","input":[]}',
        '{"reasoning":{"effort":"HALF","effort":"low"},"input":[]}',
        '{"reasoning":{"HALF":1},"input":[]}',
        '{"HALF":1,"input":[]}',
    ],
)
async def test_half_a_character_in_what_a_key_enforces_is_a_broken_body(home: Path, body: str, half: str) -> None:
    plain = a_key(home, **ENFORCED, **EFFORTS)
    async with running(home) as proxy:
        status, said = await proxy.ask(body=body.replace("HALF", half).encode(), **bearer(plain))
        assert (status, json.loads(said)["error"]["code"]) == (400, "invalid_body")
        assert proxy.upstream.connections == 0


async def test_a_key_that_is_bound_to_models_may_ask_for_what_has_no_body(home: Path) -> None:
    plain = a_key(home, **MODELS)
    async with running(home) as proxy:
        assert (await proxy.ask("GET", TREE + "memories", b"", **bearer(plain)))[0] == 200


ENFORCED = {"enforced_model": "gpt-5.5", "enforced_effort": "low", "enforced_tier": "flex"}
SAID = b'{ "model" : "gpt-5.5","reasoning":{"effort":"low"},"service_tier":"flex","input":[]}'


async def test_what_a_key_enforces_takes_the_place_of_what_was_asked_and_nothing_else_changes(home: Path) -> None:
    plain = a_key(home, **ENFORCED)
    said = b'{ "model" : "gpt-5.4","input":[{"model":"x"}],"reasoning":{"summary":"auto","effort":"high"} ,"n":1.0}'
    async with running(home) as proxy:
        assert (await proxy.ask(body=said, **bearer(plain)))[0] == 200
        (sent,) = proxy.upstream.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    expected = (
        b'{"service_tier":"flex", "model" : "gpt-5.5","input":[{"model":"x"}],'
        b'"reasoning":{"summary":"auto","effort":"low"} ,"n":1.0}'
    )
    assert body == expected
    assert f"content-length: {len(expected)}".encode() in head.lower()
    (row,) = rows(home)
    assert (row.model, row.effort, row.tier) == ("gpt-5.5", "low", "flex")


@pytest.mark.parametrize("changes", [False, True], ids=["nothing to change", "something to change"])
async def test_a_compressed_body_stays_compressed_unless_something_must_change(home: Path, changes: bool) -> None:
    plain = a_key(home, **ENFORCED)
    said = SAID.replace(b'"low"', b'"high"') if changes else SAID
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(said)
    async with running(home) as proxy:
        assert (await proxy.ask(body=packed, content_encoding="zstd", **bearer(plain)))[0] == 200
        (sent,) = proxy.upstream.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    assert body == (SAID if changes else packed)
    assert (b"content-encoding" in head.lower()) is not changes


async def test_a_chunked_body_that_was_changed_has_a_length(home: Path) -> None:
    plain = a_key(home, enforced_model="gpt-5.5")
    said = b'{"model":"gpt-5.4","input":[]}'
    head = f"POST {TREE}responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {plain}\r\n"
    async with running(home) as proxy:
        answer = await proxy.send(
            f"{head}transfer-encoding: chunked\r\n\r\n{len(said):x}\r\n".encode() + said + b"\r\n0\r\n\r\n"
        )
        (sent,) = proxy.upstream.requests
    assert answer.startswith(b"HTTP/1.1 200")
    assert sent.endswith(b'\r\n\r\n{"model":"gpt-5.5","input":[]}')
    assert b"transfer-encoding" not in sent.lower()


@pytest.mark.parametrize(("served", "told"), [(b"gpt-5.5", False), (b"gpt-5.2", True)], ids=["enforced", "rerouted"])
async def test_codex_does_not_hear_of_a_model_that_its_key_demands_but_of_any_other(
    home: Path, served: bytes, told: bool
) -> None:
    """It would warn its user of a penalty."""
    plain = a_key(home, enforced_model="gpt-5.5")
    upstream = Upstream(answer=SERVED.replace(b"\r\n\r\n", b"\r\nopenai-model: " + served + b"\r\n\r\n", 1))
    head = f"POST {TREE}responses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {plain}\r\n"
    async with running(home, upstream) as proxy:
        answer = await proxy.send(f"{head}content-length: {len(TURN)}\r\n\r\n".encode() + TURN)
    assert (b"openai-model" in answer.lower()) is told


async def test_an_image_keeps_its_model(home: Path) -> None:
    plain = a_key(home, **ENFORCED)
    async with running(home) as proxy:
        await proxy.ask(path=TREE + "images/edits", body=b'{"model":"gpt-image-2"}', **bearer(plain))
        (sent,) = proxy.upstream.requests
    assert sent.endswith(b'\r\n\r\n{"model":"gpt-image-2"}')


async def test_a_key_that_is_bound_to_accounts_is_served_by_them_alone_wherever_its_session_lives(home: Path) -> None:
    plain = a_key(home, accounts=(B,))
    with closing(open_store(home)) as db:
        save_home(db, Home("s1", A, 9e9))
    async with running(home) as proxy:
        for session in ("s1", "s1", "s2", "s3"):
            assert (await proxy.ask(body=TURN, session_id=session, **bearer(plain)))[0] == 200
    assert {row.account_id for row in rows(home)} == {B}


async def test_a_key_whose_accounts_are_gone_is_told_so_though_others_could_serve(home: Path) -> None:
    plain = a_key(home, accounts=("gone",))
    async with running(home) as proxy:
        status, body = await proxy.ask(body=TURN, **bearer(plain))
        assert proxy.upstream.connections == 0
    assert status == 400
    assert "is bound to" in json.loads(body)["error"]["message"]


async def test_a_key_is_told_of_its_own_accounts_only_when_they_are_out_of_order(home: Path) -> None:
    plain = a_key(home, accounts=(A,))
    with closing(open_store(home)) as db:
        db.execute("UPDATE accounts SET state = 'paused' WHERE id = ?", (A,))
    async with running(home) as proxy:
        status, body = await proxy.ask(body=TURN, **bearer(plain))
        assert proxy.upstream.connections == 0
    assert status == 400
    assert "Every account is paused" in json.loads(body)["error"]["message"]


async def test_the_key_reaches_neither_the_upstream_nor_the_disk(home: Path) -> None:
    plain = a_key(home)
    async with running(home) as proxy:
        assert (await proxy.ask(body=TURN, **bearer(plain)))[0] == 200
        (sent,) = proxy.upstream.requests
    assert plain.encode() not in sent
    assert [path for path in home.rglob("*") if path.is_file() and plain.encode() in path.read_bytes()] == []
    (row,) = rows(home)
    assert row.key_id is not None


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"gpt-5.5-pro","model":"gpt-5.5","input":[]}',
        rb'{"mode\u006c":"gpt-5.5-pro","input":[],"model":"gpt-5.5"}',
        b'{"model":"gpt-5.5","input":[],"reasoning":{"effort":"xhigh"},"reasoning":{"effort":"low"}}',
        b'{"model":"gpt-5.5","input":[],"reasoning":{"effort":"xhigh","effort":null}}',
        b'{"model":"gpt-5.5","input":[],"reasoning":{"effort":"xhigh"},"reasoning":null}',
    ],
    ids=["model", "escaped", "reasoning", "effort", "null"],
)
@pytest.mark.parametrize(
    "rules",
    [{"models": ("gpt-5.5",), "efforts": ("low",)}, {"limits": (parse_limit("5req/day:*-pro"),), "efforts": ("low",)}],
    ids=["list", "limit"],
)
async def test_what_a_body_says_twice_is_not_judged_by_the_one_that_is_allowed(
    home: Path, body: bytes, rules: dict[str, Any]
) -> None:
    """Parsers do not agree on which one counts."""
    key = bearer(a_key(home, **rules))
    async with running(home) as proxy:
        status, answer = await proxy.ask(body=body, **key)
        assert proxy.upstream.requests == []
    assert status == 400
    assert "more than once" in json.loads(answer)["error"]["message"]


@pytest.mark.parametrize("content_type", ["text/json", "text/plain", "application/vnd.api+json", ""])
async def test_a_content_type_hides_no_model_and_no_effort(home: Path, content_type: str) -> None:
    key = bearer(a_key(home, efforts=("low",)))
    async with running(home) as proxy:
        body = asks(effort="xhigh")
        status, _ = await proxy.ask(path=f"{TREE}anything/else", body=body, content_type=content_type, **key)
    assert status == 403
