"""How Codex of this user gets to the proxy: its configuration goes in, what is right and wrong in it comes out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.client_config.advice import OURS, OWN_PROVIDER
from scripts.client_config.base_url import DEFAULT, BaseUrlError, base_url, is_loopback, mended
from scripts.client_config.pitfalls import pitfalls
from scripts.client_config.provider import CHOICE, PROVIDERS, ProviderError, checked_variable
from scripts.doctor.finding import Finding, Trouble, Verdict

SET_UP = "codexlb client-config"

SENDABLE = re.compile(r"[\x21-\x7e]+")
"""What a header may hold."""


@dataclass(frozen=True, slots=True)
class Config:
    """Codex's config.toml: what is in it, or what is wrong with the file (`problem`); None is no such file."""

    file: Path
    data: Mapping[str, Any] | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """Where Codex sends its requests: the URL as it is written, mended if that can be, and the key it shows.

    `key_env` is the variable that is named for the key; where what stands there is no name (`is_key_env_odd`) it may be
    the key itself. What no header can hold is no key (`is_key_odd`). `is_own` says that the provider is Codex's own
    `openai`.
    """

    provider: str
    written: str
    url: str
    table: Mapping[str, Any]
    key_env: str | None = None
    key: str | None = field(default=None, repr=False)
    is_key_odd: bool = False
    is_key_env_odd: bool = False
    is_own: bool = False

    @property
    def is_local(self) -> bool:
        return is_loopback(self.url)

    @property
    def set_up(self) -> str:
        """The command that sets this provider up."""
        return SET_UP if self.is_own or self.provider == OURS else f"{SET_UP} --provider {shlex.quote(self.provider)}"


def way_of(data: Mapping[str, Any], environ: Mapping[str, str]) -> Way | None:
    """How Codex gets to Codex-LB with this configuration; None where it goes elsewhere."""
    provider = provider_of(data)
    if provider == OWN_PROVIDER:
        written = data.get("openai_base_url")
        url = mended(written) if isinstance(written, str) else None
        return Way(provider, str(written), url, {}, is_own=True) if url else None
    table = table_of(data, provider)
    written = table.get("base_url")
    url = mended(written) if isinstance(written, str) else None
    if url is None:
        return None
    name = table.get("env_key")
    is_odd = bool(name) and not is_variable(name)
    key_env = name if name and not is_odd else None
    token = environ.get(key_env) if key_env else table.get("experimental_bearer_token")
    key = token if isinstance(token, str) and SENDABLE.fullmatch(token) else None
    return Way(provider, str(written), url, table, key_env, key, bool(token) and key is None, is_odd)


def provider_of(data: Mapping[str, Any]) -> str:
    """The provider that is chosen; Codex starts with none but a text."""
    return str(data.get(CHOICE) or OWN_PROVIDER)


def is_variable(name: object) -> bool:
    """Whether a variable may be called that."""
    try:
        return isinstance(name, str) and checked_variable(name) == name
    except ProviderError:
        return False


def table_of(data: Mapping[str, Any], provider: object) -> Mapping[str, Any]:
    """The table of a provider; nothing where there is none."""
    providers = data.get(PROVIDERS)
    found = providers.get(provider) if isinstance(providers, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def check_config(seen: Config, way: Way | None, environ: Mapping[str, str], set_up: str = SET_UP) -> list[Finding]:
    """The file, the provider, its URL, name, wire format, and what would lead Codex past Codex-LB.

    `set_up` is the command that leads it there from elsewhere.
    """
    if seen.problem is not None:
        return [Finding("codex config", Verdict.ERROR, seen.problem)]
    if seen.data is None:
        return [Finding("codex config", Verdict.ERROR, f"There is no {seen.file}: Codex asks OpenAI itself.", set_up)]
    if way is None:
        return [_elsewhere(seen.file, seen.data, set_up)]
    found = [Finding("codex config", Verdict.OK, f"{seen.file} leads to {way.url} (provider {way.provider}).")]
    found += _url(way)
    if not way.is_own:
        found += [*_name(way), *_wire_api(way)]
        found += [Finding("bypass", Verdict.WARNING, each) for each in pitfalls(seen.data, way.provider, environ)]
    return found


def _elsewhere(file: Path, data: Mapping[str, Any], set_up: str) -> Finding:
    provider = provider_of(data)
    others = data.get(PROVIDERS)
    known = others if isinstance(others, Mapping) else {}
    if provider != OWN_PROVIDER and provider not in known:
        sentence = f"{file} chooses the provider {provider}, which is not in it: Codex does not start."
        return Finding("codex config", Verdict.ERROR, sentence, set_up)
    idle = [each for each in known if way_of({**data, CHOICE: each}, {})]
    beside = f"; Codex-LB is there as {idle[0]}, for `codex -c {CHOICE}={idle[0]}`" if idle else ""
    mend = set_up if not idle or idle[0] == OURS else f"{SET_UP} --provider {shlex.quote(idle[0])}"
    sentence = f"{file} chooses the provider {provider}, which is not Codex-LB{beside}."
    return Finding("codex config", Verdict.WARNING if idle else Verdict.ERROR, sentence, mend)


def _url(way: Way) -> Iterator[Finding]:
    try:
        base_url(way.written)
    except BaseUrlError as error:
        yield Finding("base_url", Verdict.ERROR, f"base_url of {way.provider}: {error}", way.set_up, Trouble.WIRE)


def _name(way: Way) -> Iterator[Finding]:
    name = way.table.get("name")
    if name == "OpenAI":
        return
    lost = "Codex then leaves out compaction by the server, web search and images"
    verdict = Verdict.NOTE if name == "openai" else Verdict.WARNING
    sentence = f'The provider {way.provider} has name = "{name}", not "OpenAI": {lost}.'
    yield Finding("name", verdict, sentence, f"{way.set_up} --name OpenAI", Trouble.WIRE)


def _wire_api(way: Way) -> Iterator[Finding]:
    found = way.table.get("wire_api")
    if found == "responses":
        yield Finding("wire_api", Verdict.OK, 'wire_api is "responses".', covers=Trouble.WIRE)
        return
    # Newer versions take it for granted, and refuse "chat"; older ones took "chat" for granted.
    verdict = Verdict.WARNING if found is None else Verdict.ERROR
    what = "no wire_api" if found is None else f'wire_api = "{found}"'
    sentence = f'The provider {way.provider} has {what}, which must be "responses".'
    yield Finding("wire_api", verdict, sentence, way.set_up, Trouble.WIRE)


def target_of(way: Way | None) -> str:
    """The URL at which Codex-LB is looked for."""
    return way.url if way else DEFAULT
