"""What the proxy says to Codex's key, and which models it lists."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from codexlb_store.keys import Key, Secret, digest_of
from scripts.doctor.client_key import Catalog, check_key, check_model, check_variable
from scripts.doctor.codex_config import Way, way_of
from scripts.doctor.finding import Finding, Trouble, Verdict
from scripts.doctor.http_call import Hurdle, Said, UnheardError

NOW = 1_795_383_139.0
URL = "http://127.0.0.1:2455/backend-api/codex"
KEYLESS = Way("codex-lb", URL, URL, {})
KEYED = replace(KEYLESS, key_env="K", key="sk-clb-1")
MODELS = [{"slug": "gpt-6"}, {"slug": "gpt-5.5", "visibility": "list"}, {"slug": "hidden", "visibility": "hide"}]

NO_MODEL = "config.toml names no model, so Codex takes its own"
NAMES_99 = "config.toml names the model gpt-99"
NOT_KNOWN = "Which models there are is not known"


def said(status: int, **body: Any) -> Catalog:
    return Catalog(Said(status, None, None, json.dumps(body).encode(), 0.0))


def refused(status: int, message: str = "No.") -> Catalog:
    return said(status, error={"message": message})


def key(name: str = "codex", **more: Any) -> Key:
    return Key(name, 0.0, secrets=(Secret(digest_of("sk-clb-1"), "sk-clb-1", 0.0, None),), **more)


@pytest.mark.parametrize(
    ("catalog", "way", "keys", "verdict", "mend"),
    [
        (said(200, models=MODELS), KEYLESS, [], "ok", None),
        (refused(503), KEYED, [], "ok", None),
        (refused(401), KEYLESS, [], "error", "codexlb client-config --key-env CODEX_LB_API_KEY"),
        (refused(401), KEYED, [], "error", 'export K="$(codexlb keys create codex)"'),
        (refused(401), KEYED, [key()], "error", 'export K="$(codexlb keys create codex-2)"'),
        (refused(401), KEYED, [key(disabled_at=1.0)], "error", "codexlb keys enable codex"),
        (refused(401), KEYED, [key(revoked_at=1.0)], "error", 'export K="$(codexlb keys create codex-2)"'),
        (refused(401), replace(KEYED, url="https://lb.example.com"), [], "error", "export K=sk-clb-..."),
        (refused(401), replace(KEYLESS, is_own=True, provider="openai"), [],
         "error", "codexlb client-config --key-env CODEX_LB_API_KEY"),
        (refused(401), replace(KEYLESS, provider="office"), [],
         "error", "codexlb client-config --provider office --key-env CODEX_LB_API_KEY"),
        (refused(403), KEYED, [], "error", "codexlb keys list"),
        (Catalog(UnheardError(Hurdle.SILENCE, "no answer in time")), KEYED, [], "warning", None),
    ],
    ids=[
        *("let in", "let in while nothing is served", "no key", "wrong key", "wrong key, name taken", "disabled"),
        *("revoked", "far away", "built-in provider", "another provider", "not allowed", "silent"),
    ],
)  # fmt: skip
def test_the_key(catalog: Catalog, way: Way, keys: list[Key], verdict: str, mend: str | None) -> None:
    [found] = check_key(catalog, way, keys, NOW)

    assert (found.verdict, found.mend) == (verdict, mend)
    assert "sk-clb-1" not in str(found)
    assert (found.covers is Trouble.UNAUTHORIZED) == (found.verdict is Verdict.OK or "401" in repr(catalog.answer))


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (KEYLESS, None),
        (KEYED, None),
        (replace(KEYED, key=None), "env_key names K, which is not set here"),
        (replace(KEYED, key=None, is_key_odd=True), "K holds characters that no key has"),
    ],
    ids=["none named", "set", "not set", "odd"],
)
def test_the_variable(way: Way, words: str | None) -> None:
    found = check_variable(way, [])

    assert [one.mend for one in found] == ([] if words is None else ['export K="$(codexlb keys create codex)"'])
    assert all(one.sentence.startswith(words or "") and one.covers is Trouble.UNAUTHORIZED for one in found)


def test_a_key_in_the_place_of_the_variable_is_not_told() -> None:
    config = {"model_provider": "codex-lb", "model_providers": {"codex-lb": {"base_url": URL, "env_key": "sk-clb-1"}}}
    way = way_of(config, {"sk-clb-1": "x"})
    assert way is not None

    [found] = check_variable(way, [])
    assert (found.verdict, found.mend) == (Verdict.ERROR, "codexlb client-config --key-env CODEX_LB_API_KEY")
    assert "sk-clb-1" not in str([found, *check_key(refused(401), way, [], NOW)])


def test_a_remote_proxys_key_is_not_made_here() -> None:
    [found] = check_variable(replace(KEYED, key=None, url="https://lb.example.com/backend-api/codex"), [])

    assert found.mend == "export K=sk-clb-..."


@pytest.mark.parametrize(
    ("catalog", "model", "findings"),
    [
        (said(200, models=MODELS), "hidden", [("ok", "The accounts have hidden.", None)]),
        (said(200, models=MODELS), "gpt-5.5", [("ok", "The accounts have gpt-5.5.", None)]),
        (
            said(200, models=MODELS), None,
            [("ok", f"{NO_MODEL}; there are gpt-6, gpt-5.5.", None)],
        ),
        (
            said(200, models=MODELS), "gpt-99",
            [("warning", f"{NAMES_99}, which the accounts do not list; they have gpt-6, gpt-5.5.",
              "codexlb client-config --model gpt-6")],
        ),
        (
            said(200, models=[{"slug": f"m{number}"} for number in range(7)]), None,
            [("ok", f"{NO_MODEL}; there are m0, m1, m2, m3, m4 and 2 more.", None)],
        ),
        (refused(503, "Later."), "x", [("warning", f"{NOT_KNOWN}: Later.", "codexlb accounts check")]),
        (said(200, models=3), "x", [("warning", f"{NOT_KNOWN}: HTTP 200.", "codexlb accounts check")]),
        (refused(401), "x", []),
    ],
    ids=["hidden", "listed", "none named", "not listed", "many", "no list", "nonsense", "no key"],
)  # fmt: skip
def test_the_model(catalog: Catalog, model: str | None, findings: list[tuple[str, str, str | None]]) -> None:
    found: list[Finding] = check_model(catalog, KEYLESS, model)

    assert [(one.verdict, one.sentence, one.mend) for one in found] == findings
    assert all(one.covers is Trouble.MODEL for one in found)
