"""What is examined: a user's environment goes in, all that can be seen from it comes out, each thing looked at once."""

from __future__ import annotations

import contextlib
import shlex
import ssl
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from addons.settings.catalog import SERVE_DEFAULTS
from addons.settings.upstream import ISSUER, UPSTREAM
from addons.wire.origins import Origin, parse_origin
from codexlb_store.home import home_folder
from codexlb_store.vault import key_path
from scripts.client_config.base_url import DEFAULT, base_url
from scripts.doctor.client_key import Catalog
from scripts.doctor.codex_config import SET_UP, Config, Way, target_of, way_of
from scripts.doctor.codex_seen import codex_folder, see_config
from scripts.doctor.finding import Finding
from scripts.doctor.http_call import Said, UnheardError, answer_of
from scripts.doctor.origins_seen import Wanted
from scripts.doctor.proxy import Door, is_codexlb, origin_of
from scripts.doctor.running import Running, see_running
from scripts.doctor.settings import Settings, see_settings
from scripts.doctor.store import Store
from scripts.doctor.store_seen import see_store
from scripts.doctor.versions import Versions
from scripts.doctor.versions_seen import see_versions

HEALTH_SECONDS, MODELS_SECONDS = 5.0, 15.0

USUAL_VERSION = (0, 169)
"""Codex's, for the request that it makes at its start."""

MOST_ORIGINS = 4

CODEX_AUTHORITIES = "CODEX_CA_CERTIFICATE"
"""Names a file of certificates that Codex trusts beside the system's."""

KNOW_THE_FOLDER = ("codexlb client-config", "codexlb sessions")
"""Commands with an option for it."""


class Patient:
    """A user of this machine at `now` (unix seconds); raises StoreError, VaultError and SessionsError where a
    folder or the key has no name."""

    def __init__(self, environ: Mapping[str, str], codex_home: Path | None, now: float) -> None:
        self.environ = environ
        self.now = now
        self.home = home_folder(environ)
        self.key_file = key_path(self.home, environ)
        self.chosen_home = codex_home
        self.codex_home = codex_folder(codex_home, environ)

    @cached_property
    def versions(self) -> Versions:
        return see_versions()

    @cached_property
    def running(self) -> list[Running]:
        return see_running(self.home)

    @property
    def proxies(self) -> list[Running]:
        """The running proxies that say how they run."""
        return [each for each in self.running if each.conduct]

    @cached_property
    def store(self) -> Store:
        return see_store(self.home, self.key_file, {each.id for each in self.running}, self.now)

    @cached_property
    def settings(self) -> Settings:
        return see_settings(self.home, self.environ)

    @cached_property
    def config(self) -> Config:
        return see_config(self.codex_home)

    @cached_property
    def way(self) -> Way | None:
        return None if self.config.data is None else way_of(self.config.data, self.environ)

    def in_place(self, findings: list[Finding]) -> list[Finding]:
        """The findings with commands for the folder that was chosen for Codex."""
        if self.chosen_home is None:
            return findings
        option = f" --codex-home {shlex.quote(str(self.chosen_home))}"
        return [
            replace(one, mend=one.mend + option) if one.mend and one.mend.startswith(KNOW_THE_FOLDER) else one
            for one in findings
        ]

    @property
    def is_here(self) -> bool:
        """Whether this machine is the one that serves."""
        return bool(self.proxies) or self.way is None or self.way.is_local

    @property
    def has_codex(self) -> bool:
        """Whether anything of Codex is on this machine."""
        return self.versions.has_codex or self.codex_home.exists()

    @cached_property
    def door_url(self) -> str:
        """The origin at which the proxy is looked for: where Codex does, else where one listens, else would."""
        own = None if self.way else next(filter(None, map(origin_of, self.proxies)), None)
        parts = urlsplit(own or target_of(self.way))
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def set_up(self) -> str:
        """The command that leads Codex to that."""
        if self.way:
            return self.way.set_up
        return SET_UP if base_url(self.door_url) == DEFAULT else f"{SET_UP} --base-url {self.door_url}"

    @property
    def trust(self) -> ssl.SSLContext:
        """Which certificates are taken for the proxy's: those that Codex takes; where none is set up, any."""
        context = ssl.create_default_context()
        if self.way is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if file := self.environ.get(CODEX_AUTHORITIES):
            with contextlib.suppress(OSError):  # also what is none
                context.load_verify_locations(file)
        return context

    @cached_property
    def door(self) -> Door:
        health = self._ask("/health", HEALTH_SECONDS)
        if isinstance(health, UnheardError):
            return Door(self.door_url, health)
        if is_codexlb(health):
            key = self.way.key if self.way else None
            return Door(self.door_url, health, self._ask("/health/ready", HEALTH_SECONDS, key))
        path = urlsplit(target_of(self.way)).path
        return Door(self.door_url, health, turns=self._ask(f"{path}/responses", HEALTH_SECONDS))

    @cached_property
    def catalog(self) -> Catalog | None:
        """The models, as Codex asks for them; None where Codex-LB does not answer."""
        if self.way is None or not self.door.is_ours:
            return None
        path = urlsplit(self.way.url).path
        version = ".".join(map(str, self.versions.codex or USUAL_VERSION))
        return Catalog(self._ask(f"{path}/models?client_version={version}.0", MODELS_SECONDS, self.way.key))

    @cached_property
    def origins(self) -> list[Wanted]:
        """The servers that the running proxies need; where none runs, those that one would."""
        found: dict[tuple[str, Origin], None] = {}
        for each in self.proxies or [Running("", None)]:
            for purpose, name in (("upstream", UPSTREAM.name), ("issuer", ISSUER.name)):
                origin = each.setting(name) or self.settings.values[name] or SERVE_DEFAULTS[name]
                found[purpose, parse_origin(str(origin))] = None
        return list(found)[:MOST_ORIGINS]

    def _ask(self, path: str, seconds: float, key: str | None = None) -> Said | UnheardError:
        """What the proxy answers; it is shown the key only once it is known to be Codex-LB."""
        headers = {"originator": "codex_exec"} | ({"authorization": f"Bearer {key}"} if key else {})
        return answer_of(self.door_url + path, seconds, headers, self.trust)
