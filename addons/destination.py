"""Where the upstream is, from mitmproxy's options: our own option, else the origin of the reverse mode."""

from __future__ import annotations

from collections.abc import Sequence

from mitmproxy.exceptions import OptionsError
from mitmproxy.proxy import mode_specs

from addons.wire.origins import Origin, parse_origin

DEFAULT_ORIGIN = "https://chatgpt.com"


def origin_of_modes(modes: Sequence[str]) -> str:
    """The origin that mitmproxy itself was told to be a reverse proxy of, else ChatGPT's."""
    for spec in modes:
        mode = mode_specs.ProxyMode.parse(spec)
        if isinstance(mode, mode_specs.ReverseMode) and mode.scheme in ("http", "https"):
            host, port = mode.address[0], mode.address[1]
            return f"{mode.scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    return DEFAULT_ORIGIN


def destination(upstream: str, modes: Sequence[str]) -> Origin:
    """The origin to send to; raises OptionsError for one that is none."""
    try:
        return parse_origin(upstream or origin_of_modes(modes))
    except ValueError as error:
        raise OptionsError(f"codexlb_upstream: {error}") from error
