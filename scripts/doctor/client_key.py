"""What Codex's key is good for: the proxy's answer to a request for the models goes in, findings come out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from codexlb_store.keyring import KeyProblem, problem_of
from codexlb_store.keys import Key, digest_of
from scripts.doctor.codex_config import Way
from scripts.doctor.finding import Finding, Trouble, Verdict
from scripts.doctor.http_call import Said, UnheardError

USUAL_VARIABLE = "CODEX_LB_API_KEY"


@dataclass(frozen=True, slots=True)
class Catalog:
    """The answer to the request for the models, as Codex sends it."""

    answer: Said | UnheardError

    @property
    def models(self) -> dict[str, bool]:
        """All models, and whether each is for people to pick; nothing where there is no list."""
        try:
            entries = json.loads(self.answer.body)["models"] if isinstance(self.answer, Said) else []
            return {str(entry["slug"]): entry.get("visibility", "list") == "list" for entry in entries}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}

    @property
    def to_pick(self) -> list[str]:
        """The models that people may pick, the one to recommend first."""
        return [model for model, is_listed in self.models.items() if is_listed]


def check_key(catalog: Catalog, way: Way, keys: Sequence[Key], now: float) -> list[Finding]:
    """Whether the proxy lets Codex in."""
    answer = catalog.answer
    if isinstance(answer, UnheardError):
        return [Finding("client key", Verdict.WARNING, f"The proxy was asked for its models, and {answer}.")]
    if answer.status == 401:
        mend = _mend(way, keys, now)
        return [Finding("client key", Verdict.ERROR, answer.message, mend, Trouble.UNAUTHORIZED)]
    if answer.status in (403, 429):
        look = "codexlb keys list" if way.is_local else None
        return [Finding("client key", Verdict.ERROR, answer.message, look)]
    named = f"with the key in {way.key_env}" if way.key_env else "with its key" if way.key else "without a key"
    return [Finding("client key", Verdict.OK, f"The proxy lets Codex in {named}.", covers=Trouble.UNAUTHORIZED)]


def check_variable(way: Way, keys: Sequence[Key]) -> list[Finding]:
    """Whether the variable that the key is to be in holds one; nothing where it does, or none is named."""
    name = way.key_env
    if way.is_key_env_odd:
        sentence = "What env_key names can be no variable, the key itself perhaps: Codex finds no key there."
        mend = f"{way.set_up} --key-env {USUAL_VARIABLE}"
        return [Finding("env_key", Verdict.ERROR, sentence, mend, Trouble.UNAUTHORIZED)]
    if name is None or way.key is not None:
        return []
    sentence = f"env_key names {name}, which is not set here: Codex says `Missing environment variable`."
    if way.is_key_odd:
        sentence = f"{name} holds characters that no key has, a blank or a line end perhaps."
    return [Finding("env_key", Verdict.ERROR, sentence, _export(way, keys), Trouble.UNAUTHORIZED)]


def check_model(catalog: Catalog, way: Way, model: object) -> list[Finding]:
    """Whether the model that Codex is to use is one that the accounts have."""
    answer = catalog.answer
    if isinstance(answer, Said) and answer.status in (401, 403, 429):
        return []  # that is the key's trouble
    return [_model(catalog, way, model)]


def _model(catalog: Catalog, way: Way, model: object) -> Finding:
    models = catalog.to_pick
    if not models:
        why = catalog.answer.message if isinstance(catalog.answer, Said) else str(catalog.answer)
        sentence = f"Which models there are is not known: {why.rstrip('.')}."
        return Finding("model", Verdict.WARNING, sentence, "codexlb accounts check", Trouble.MODEL)
    if model is None:
        sentence = f"config.toml names no model, so Codex takes its own; there are {_listed(models)}."
        return Finding("model", Verdict.OK, sentence, covers=Trouble.MODEL)
    if model in catalog.models:
        return Finding("model", Verdict.OK, f"The accounts have {model}.", covers=Trouble.MODEL)
    # The list is that for a version of Codex: a model may be newer, and be served all the same.
    sentence = f"config.toml names the model {model}, which the accounts do not list; they have {_listed(models)}."
    mend = f"{way.set_up} --model {shlex.quote(models[0])}"
    return Finding("model", Verdict.WARNING, sentence, mend, Trouble.MODEL)


def _mend(way: Way, keys: Sequence[Key], now: float) -> str:
    """What lets Codex in: a variable for the key, the key enabled again, or another key."""
    if way.is_own:
        return f"codexlb client-config --key-env {USUAL_VARIABLE}"
    if way.key_env is None:
        return f"{way.set_up} --key-env {USUAL_VARIABLE}"
    shown = digest_of(way.key or "")
    for key in keys:
        for secret in key.secrets:
            if secret.sha256 == shown and problem_of(key, secret, now) is KeyProblem.DISABLED:
                return f"codexlb keys enable {shlex.quote(key.name)}"
    return _export(way, keys)


def _export(way: Way, keys: Sequence[Key]) -> str:
    """What puts a new key into the variable."""
    if not way.is_local:
        return f"export {way.key_env}=sk-clb-..."
    return f'export {way.key_env}="$(codexlb keys create {_free_name(keys)})"'


def _free_name(keys: Sequence[Key]) -> str:
    taken = {key.name.casefold() for key in keys}
    return next(name for name in ("codex", *(f"codex-{n}" for n in range(2, len(taken) + 3))) if name not in taken)


def _listed(models: Sequence[str]) -> str:
    more = f" and {len(models) - 5} more" if len(models) > 5 else ""
    return ", ".join(models[:5]) + more
