"""Every setting that a running proxy takes over: in the file one moment, what its addon goes by the next."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mitmproxy import ctx

from addons.settings.access import Auth
from addons.settings.catalog import DEFAULTS, SETTINGS
from addons.settings.keeping import WEB_FLOWS
from addons.settings.telling import Tells
from addons.settings.upstream import DEFAULT_ISSUER
from addons.wire.origins import parse_origin
from addons.wire.peers import parse_networks
from codexlb_store.selection import Strategy
from tests.addons import proxy as lab
from tests.addons.waiting import until

TEXT = """
codexlb_strategy = "fill_first"
codexlb_cache_ttl_seconds = 11
codexlb_account_concurrency = 12
codexlb_budget_seconds = 13
codexlb_head_timeout_seconds = 14
codexlb_idle_timeout_seconds = 15
codexlb_poll_seconds = 16
codexlb_rate_limit_headers = "account"
codexlb_auth = "local"
codexlb_trusted_proxies = "10.0.0.1"
codexlb_hosts = "pool"
codexlb_allow = "10.0.0.0/8"
codexlb_retention_days = 17
codexlb_explain_days = 18
codexlb_upstream = "http://127.0.0.1:7"
codexlb_issuer = "http://127.0.0.1:8"
body_size_limit = "1k"
"""

Addon = Callable[[str], Any]
"""The addon of that name."""

GOES_BY: dict[str, tuple[Callable[[Addon], Any], Any]] = {
    "codexlb_strategy": (lambda addon: addon("Balancer").strategy, Strategy.FILL_FIRST),
    "codexlb_cache_ttl_seconds": (
        lambda addon: (addon("Sticky").cache_ttl_seconds, addon("CacheLedger").cache_ttl_seconds), (11, 11),
    ),
    "codexlb_account_concurrency": (lambda addon: addon("Balancer").most, 12),
    "codexlb_budget_seconds": (lambda addon: addon("Balancer").budget_seconds, 13),
    "codexlb_head_timeout_seconds": (lambda addon: addon("CodexCore").head_timeout_seconds, 14),
    "codexlb_idle_timeout_seconds": (lambda addon: addon("CodexCore").idle_seconds, 15),
    "codexlb_poll_seconds": (lambda _: ctx.options.codexlb_poll_seconds, 16),  # read in each round
    "codexlb_rate_limit_headers": (lambda addon: addon("PoolHeaders").tells, Tells.ACCOUNT),
    "codexlb_auth": (lambda addon: addon("ClientKeys").auth, Auth.LOCAL),
    "codexlb_trusted_proxies": (lambda addon: addon("ClientKeys").trusted, parse_networks("10.0.0.1")),
    "codexlb_hosts": (lambda addon: addon("Gate").own_names - addon("Gate").machine, {"pool"}),
    "codexlb_allow": (lambda addon: addon("ClientKeys").allowed, parse_networks("10.0.0.0/8")),
    "codexlb_retention_days": (lambda _: ctx.options.codexlb_retention_days, 17),  # read every hour
    "codexlb_explain_days": (lambda _: ctx.options.codexlb_explain_days, 18),  # as that one
    "codexlb_upstream": (lambda addon: addon("Upstream").origin, parse_origin("http://127.0.0.1:7")),
    "codexlb_issuer": (lambda addon: addon("Credentials").refresher.issuer.origin, parse_origin("http://127.0.0.1:8")),
    "body_size_limit": (lambda addon: addon("CodexCore").small_body_bytes, 1024),
}  # fmt: skip
"""What a step reads when a request comes, and what it finds there."""


def test_the_table_has_every_setting_that_can_change_while_a_proxy_runs() -> None:
    """How much mitmweb keeps is tested with what it keeps, in tests/addons/flows."""
    live = {each.name for each in SETTINGS if each.is_live} - {WEB_FLOWS.name}

    assert set(GOES_BY) == live
    assert not [name for name, value in tomllib.loads(TEXT).items() if value == DEFAULTS[name]]


async def test_each_is_taken_over_and_given_up_again(tmp_path: Path) -> None:
    lab.store_with(tmp_path, "a").close()
    file = tmp_path / "config.toml"
    undecided: dict[str, Any] = {"codexlb_upstream": "", "codexlb_issuer": DEFAULT_ISSUER, "codexlb_poll_seconds": 300}
    async with lab.running(tmp_path, **undecided) as proxy:
        addons = {type(addon).__name__: addon for addon in proxy.chain.addons}

        def now() -> dict[str, Any]:
            return {name: probe(addons.__getitem__) for name, (probe, _) in GOES_BY.items()}

        before, wanted = now(), {name: value for name, (_, value) in GOES_BY.items()}
        assert [name for name in wanted if before[name] == wanted[name]] == []

        file.write_text(TEXT)
        await until(lambda: ctx.options.codexlb_poll_seconds == 16)
        assert now() == wanted

        file.unlink()
        await until(lambda: ctx.options.codexlb_poll_seconds == 300)
        assert now() == before
