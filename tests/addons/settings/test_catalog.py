"""The list of all settings is all there is, and finds the one that was meant."""

from __future__ import annotations

import ast

import pytest

from addons.settings.catalog import BY_NAME, BY_VARIABLE, SETTINGS, nearest
from tests.sources import modules


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("codexlb_strategi", "codexlb_strategy"),
        ("strategy", "codexlb_strategy"),
        ("Strategy", "codexlb_strategy"),
        ("codexlb-poll-seconds", "codexlb_poll_seconds"),
        ("poll_second", "codexlb_poll_seconds"),
        ("port", "listen_port"),
        ("host", "listen_host"),
        ("hosts", "codexlb_hosts"),
        ("seconds", None),
        ("listen-port", "listen_port"),
        ("listen_prot", "listen_port"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found(written: str, meant: str | None) -> None:
    assert nearest(written) == meant


def test_names_and_variables_are_unique() -> None:
    assert len(BY_NAME) == len(BY_VARIABLE) == len(SETTINGS)


def test_every_option_of_ours_is_declared_from_a_setting() -> None:
    """`declare` in addons/own_options.py is the one place: what is not a setting is in no file and no table."""
    declaring = {
        module.path
        for module in modules("addons")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_option"
    }

    assert declaring == {"addons/own_options.py"}
