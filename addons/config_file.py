"""The settings of the file and the environment become options of mitmproxy, when the proxy starts and while it runs.

What the command line or mitmproxy's own configuration says, or a person in mitmweb, comes first and is left alone.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
from collections.abc import Mapping
from pathlib import Path

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.own_options import as_option, as_setting, take_out_refused
from addons.settings.catalog import BY_NAME
from addons.settings.file_text import FILE_NAME, look, read_text
from addons.settings.news import news
from addons.settings.resolve import Effective, SettingsFile, Source, remarks, resolve
from addons.settings.setting import Value
from addons.settings.settings_error import SettingsError
from codexlb_store.processes import Conduct, InForce, ProcessMark

LOOK_SECONDS = 0.4
"""A change counts when two looks in a row see the same file: an editor may need a moment to write it."""

logger = logging.getLogger(__name__)


def own_version() -> str:
    """The version that is installed; empty where the source is merely on the path."""
    try:
        return importlib.metadata.version("codexlb")
    except importlib.metadata.PackageNotFoundError:
        return ""


class ConfigFile:
    """Applies `config.toml` and the variables below whatever the command line says; a bad file changes nothing."""

    def __init__(
        self, home: Path, environ: Mapping[str, str], defaults: Mapping[str, Value], mark: ProcessMark
    ) -> None:
        self.path = home / FILE_NAME
        self.environ = environ
        self.defaults = defaults
        self.mark = mark
        self.given: frozenset[str] = frozenset()
        """Settings of the command line, or of mitmproxy's own configuration."""
        self.wanted: dict[str, Effective] = {}
        """By the file as it was read last; some of it may wait for the next start."""
        self.applied: dict[str, Effective] = {}
        """What was made an option of mitmproxy, where nobody else decided."""
        self.trouble = ""
        self.seen = look(self.path)
        self.task: asyncio.Task[None] | None = None

    def load(self, loader: Loader) -> None:
        """Before the other addons declare their options: mitmproxy hands over later what waits for them."""
        options = ctx.options
        for sentence in take_out_refused(options.deferred):
            logger.error("%s", sentence)  # mitmproxy ends over an error at its start
        changed = (name for name in BY_NAME if name in options and options.has_changed(name))
        self.given = frozenset({*changed, *options.deferred} & BY_NAME.keys())
        try:
            self.wanted = self.read()
            self.applied = dict(self.wanted)
            found = {name: as_option(name, each.value) for name, each in self.wanted.items()}
            options.update_defer(**{name: value for name, value in found.items() if name not in self.given})
        except (SettingsError, OptionsError) as error:
            logger.error("%s", error)
        for remark in remarks(self.environ):
            logger.warning("%s", remark)

    def configure(self, updated: set[str]) -> None:
        """Somebody may have set an option while the proxy runs, as people do in mitmweb."""
        if self.task and not BY_NAME.keys().isdisjoint(updated):
            self.tell()

    def running(self) -> None:
        """Begin to watch; the task is kept here, else it could be collected while it waits."""
        if not self.applied:  # the start has failed
            return
        self.task = asyncio.create_task(self.watch())
        self.tell()

    async def done(self) -> None:
        """End with the proxy."""
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def watch(self) -> None:
        """Look at the file, for as long as the proxy runs."""
        before = self.seen
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = await asyncio.to_thread(look, self.path)
            if now == before != self.seen:
                self.seen = now
                try:
                    await self.reload()
                except Exception:
                    # A defect of ours must not end for good, and unseen, what takes changes over.
                    logger.exception("The settings could not be taken over.")
            before = now

    async def reload(self) -> None:
        """Take over another version of the file, if all of it is good."""
        try:
            wanted = await asyncio.to_thread(self.read)
            self.take_over(wanted)
        except (SettingsError, OptionsError) as error:
            if self.trouble != str(error):
                logger.warning("%s The settings stay as they are.", error)
            self.trouble = str(error)
        else:
            self.trouble = ""

    def read(self) -> dict[str, Effective]:
        """What environment, file and defaults say; raises SettingsError."""
        return resolve({}, self.environ, SettingsFile(self.path, read_text(self.path)), self.defaults)

    def take_over(self, wanted: dict[str, Effective]) -> None:
        """Make of it what can be changed while the proxy runs; raises OptionsError, and then nothing was changed."""
        taken = {name: each.value for name, each in self.in_force().items() if each.source is Source.COMMAND_LINE}
        found = news(self.wanted, wanted, taken)
        before = self.applied
        self.applied = {
            name: wanted[name] if setting.is_live and name not in taken else before[name]
            for name, setting in BY_NAME.items()
        }
        try:
            ctx.options.update_known(**{name: as_option(name, value) for name, value in found.changes.items()})
        except OptionsError:
            self.applied = before
            self.tell()  # mitmproxy has called `configure` meanwhile
            raise
        self.wanted = wanted
        if found.sentence:
            logger.warning("%s", found.sentence)  # for people: `serve` shows warnings only
        self.tell()

    def in_force(self) -> dict[str, Effective]:
        """What each setting is, and who said so."""
        found = dict(self.applied)
        for name, each in self.applied.items():
            if name in ctx.options:
                value = as_setting(name, getattr(ctx.options, name))
                if name in self.given or value != each.value:
                    found[name] = Effective(value, Source.COMMAND_LINE)
        return found

    def tell(self) -> None:
        """Write down how this proxy runs, for those who look at it from outside."""
        options = ctx.options
        modes = [ProxyMode.parse(mode) for mode in options.mode]
        listen = ((mode.listen_host(options.listen_host), mode.listen_port(options.listen_port)) for mode in modes)
        conduct = Conduct(
            own_version(),
            tuple((host, port or 0) for host, port in listen),
            bool(options.certs),
            {name: InForce(each.value, each.source) for name, each in self.in_force().items()},
        )
        try:
            self.mark.tell(conduct)
        except OSError as error:
            logger.warning("How this proxy runs could not be written down for `codexlb config list`: %s", error)
