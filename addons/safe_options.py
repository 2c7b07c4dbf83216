"""mitmproxy's own options as this proxy needs them; another value of one of them is refused, not endured."""

from __future__ import annotations

from collections.abc import Sequence

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.proxy import mode_specs

from addons.settings.fixed import REQUIRED
from addons.settings.listening import BODY_SIZE_LIMIT, LISTEN_HOST


def check_modes(modes: Sequence[str]) -> None:
    """In any other mode mitmproxy's own core would forward what no step has cleared."""
    for spec in modes:
        mode = mode_specs.ProxyMode.parse(spec)
        if not isinstance(mode, mode_specs.ReverseMode) or mode.scheme not in ("http", "https"):
            raise OptionsError(
                f"mode {spec!r} is none for Codex-LB: give reverse:https://chatgpt.com@2455 or the like."
            )


class SafeOptions:
    """Sets what is safe when the proxy starts and refuses to have it changed."""

    def load(self, loader: Loader) -> None:
        ctx.options.update(**REQUIRED)
        if ctx.options.body_size_limit is None:
            ctx.options.update(body_size_limit=BODY_SIZE_LIMIT.default)
        if not ctx.options.listen_host:
            ctx.options.update(listen_host=LISTEN_HOST.default)

    def configure(self, updated: set[str]) -> None:
        if "mode" in updated:
            check_modes(ctx.options.mode)
        for name, value in REQUIRED.items():
            if name in updated and getattr(ctx.options, name) != value:
                raise OptionsError(f"{name} must be {value!r} for Codex-LB to be safe: leave it out.")
