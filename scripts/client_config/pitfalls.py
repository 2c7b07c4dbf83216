"""What would lead Codex past Codex-LB, or keep it from it: its configuration and environment go in, sentences come out.

All of it was seen with the real CLI (0.105, 0.136, 0.169).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from scripts.client_config.base_url import is_exposed, is_loopback
from scripts.client_config.editing import Data, value_at
from scripts.client_config.provider import PROVIDERS

PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


def pitfalls(data: Data, provider: str, environ: Mapping[str, str]) -> list[str]:
    """A sentence for everything in the configuration or the environment that a person should know of.

    `data` is the configuration as it is going to be, with this provider in it.
    """
    table = value_at(data, (PROVIDERS, provider))
    url = str(table["base_url"])
    return [
        *_of_the_way(data, provider, table),
        *_of_the_key(provider, table),
        *_of_the_network(url, environ),
        *_of_other_providers(data, environ),
    ]


def _of_the_way(data: Data, provider: str, table: Data) -> Iterator[str]:
    if profile := data.get("profile"):
        yield (
            f'profile = "{profile}" in config.toml: Codex does not start with it since 0.134, and before that the '
            "provider of that profile is used. Delete that line."
        )
    if data.get("chatgpt_base_url"):
        yield (
            "chatgpt_base_url is set: with a ChatGPT login Codex may ask there where requests go, and send them past "
            "Codex-LB. Delete that line."
        )
    if table.get("requires_openai_auth"):
        yield (
            f"requires_openai_auth is set for {provider}: Codex then wants a ChatGPT login of its own, and asks "
            "chatgpt.com where requests go. Codex-LB needs neither: delete that line."
        )
    if data.get("forced_login_method"):
        yield (
            "forced_login_method is set: Codex ends, and logs out, where its own login is of another kind. Behind "
            "Codex-LB it needs none."
        )


def _of_the_key(provider: str, table: Data) -> Iterator[str]:
    if "auth" in table and "env_key" in table:
        yield (
            f"[model_providers.{provider}.auth] and env_key exclude each other, and Codex does not start: delete one."
        )
    if "experimental_bearer_token" in table and "env_key" not in table:
        yield (
            f"experimental_bearer_token is set for {provider}, so Codex-LB gets it as a client key: --key-env names a "
            "variable instead, which leaves the key out of the file."
        )


def _of_the_network(url: str, environ: Mapping[str, str]) -> Iterator[str]:
    if is_exposed(url):
        yield (
            f"{url} is not encrypted: everybody on the way can read key, prompts and answers. Use https:// there, or "
            "a tunnel to this machine."
        )
    host = urlsplit(url).hostname or ""
    proxy = next((name for name in PROXIES if environ.get(name)), None)
    if proxy and is_loopback(url) and not _is_spared(host, environ):
        yield f"{proxy} is set, so Codex looks for {url} behind that proxy: set NO_PROXY={host} where Codex runs."


def _is_spared(host: str, environ: Mapping[str, str]) -> bool:
    names = (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(",")
    return any(name.strip() in ("*", host) for name in names)


def _of_other_providers(data: Data, environ: Mapping[str, str]) -> Iterator[str]:
    for place, name in ((data, "openai_base_url"), (environ, "OPENAI_BASE_URL")):
        if place.get(name):
            yield f"{name} is set: it is for Codex's own provider openai, and nothing that goes to Codex-LB heeds it."
