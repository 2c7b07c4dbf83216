"""The options that would make the proxy unsafe cannot be set."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.exceptions import OptionsError
from mitmproxy.options import Options
from mitmproxy.test import taddons

from addons.safe_options import SafeOptions
from addons.settings.fixed import REQUIRED
from addons.settings.listening import BODY_SIZE_LIMIT

UNSAFE: dict[str, Any] = {
    "stream_large_bodies": "1",
    "proxy_debug": True,
    "connection_strategy": "eager",
    "upstream_cert": True,
    "keep_host_header": False,
    "validate_inbound_headers": False,
    "ssl_insecure": True,
}


def options(**before: Any) -> Options:
    """A proxy's options once our addon is loaded; `before` was set on the command line."""
    context = taddons.context(Proxyserver())
    context.options.update(**before)
    context.master.addons.add(SafeOptions())
    found: Options = context.options
    return found


async def test_the_safe_values_are_set_at_the_start() -> None:
    found = options()

    assert {name: getattr(found, name) for name in REQUIRED} == REQUIRED
    assert found.listen_host == "127.0.0.1"
    assert found.body_size_limit == BODY_SIZE_LIMIT.default


@pytest.mark.parametrize("name", REQUIRED)
async def test_an_unsafe_value_is_refused_with_a_sentence(name: str) -> None:
    found = options()

    with pytest.raises(OptionsError, match=rf"^{name} must be {REQUIRED[name]!r} for Codex-LB to be safe"):
        found.update(**{name: UNSAFE[name]})

    assert getattr(found, name) == REQUIRED[name]


@pytest.mark.parametrize("name", REQUIRED)
async def test_the_safe_value_may_be_given(name: str) -> None:
    options().update(**{name: REQUIRED[name]})


@pytest.mark.parametrize(("name", "value"), [("listen_host", "::1"), ("body_size_limit", "1m")])
async def test_what_a_person_chose_stays(name: str, value: str) -> None:
    assert getattr(options(**{name: value}), name) == value


@pytest.mark.parametrize("mode", ["regular", "socks5", "upstream:http://10.0.0.1:3128", "reverse:tcp://10.0.0.1:1"])
async def test_a_mode_in_which_our_layer_is_not_used_is_refused(mode: str) -> None:
    """There mitmproxy's own core forwards what no step has cleared."""
    with pytest.raises(OptionsError, match="mode"):
        options().update(mode=[mode])
