"""Settings as options of mitmproxy, and back."""

from __future__ import annotations

from typing import Any

import pytest
from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError
from mitmproxy.options import Options
from mitmproxy.test import taddons

from addons.own_options import as_option, as_setting, chosen, declare, take_out_refused
from addons.settings.placing import STRATEGY
from codexlb_store.selection import Strategy


class Declaring:
    """An addon with one setting."""

    def load(self, loader: Loader) -> None:
        declare(loader, STRATEGY)


async def test_a_setting_is_declared_and_read_as_what_it_means() -> None:
    with taddons.context(Declaring()):
        assert chosen(STRATEGY) is Strategy.CAPACITY_WEIGHTED

        ctx.options.update(codexlb_strategy="fill_first")
        assert chosen(STRATEGY) is Strategy.FILL_FIRST

        ctx.options.update(codexlb_strategy="best")
        with pytest.raises(OptionsError, match=r"^codexlb_strategy is 'best': give one of capacity_weighted, "):
            chosen(STRATEGY)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("codexlb_poll_seconds=soon",), "codexlb_poll_seconds is 'soon': give a whole number."),
        (("codexlb_strategy=best",), "codexlb_strategy is 'best': give one of "),
        (("codexlb_poll=5",), "There is no setting 'codexlb_poll': did you mean codexlb_poll_seconds?"),
        (("codexlb_auth",), "codexlb_auth has no values: write --set codexlb_auth=VALUE once."),
        (("codexlb_auth=auto", "codexlb_auth=local"), "codexlb_auth has 2 values: write --set codexlb_auth=VALUE once"),
        ({"codexlb_poll_seconds": "5"}, "codexlb_poll_seconds is '5': give a whole number."),
        ({"codexlb_poll_seconds": -5}, "codexlb_poll_seconds is -5: give 0 (never) or more seconds."),
        (("codexlb_poll_seconds=5",), ""),
        ({"codexlb_poll_seconds": 5}, ""),
        (("other_script=5",), ""),
    ],
    ids=str,
)
def test_what_mitmproxy_would_refuse_without_a_word_is_told(given: Any, sentence: str) -> None:
    """On its command line, or in its own configuration; what it keeps for other scripts stays."""
    options = Options()
    if isinstance(given, dict):
        options.update_defer(**given)
    else:
        options.set(*given, defer=True)

    told = "".join(take_out_refused(options.deferred))

    assert told.startswith(sentence)
    assert bool(told) is bool(sentence) is not bool(options.deferred)


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("certs", "/etc/cert.pem", ["/etc/cert.pem"]),
        ("certs", "", []),
        ("listen_port", 2455, 2455),
        ("codexlb_hosts", "", ""),
    ],
)
def test_a_value_has_the_form_of_its_option(name: str, value: str | int, option: object) -> None:
    assert as_option(name, value) == option
    assert as_setting(name, option) == value


def test_what_mitmproxy_holds_for_none_is_empty() -> None:
    assert as_setting("body_size_limit", None) == ""
