"""A mitmproxy whose HTTP core has another shape is found out before it serves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import http as core

from addons.core import back, dispatch, front, layer, stream
from addons.core.contract import NAMES, SIGNATURES, problems
from tests.sources import Module, modules


def test_this_mitmproxy_has_the_shape() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("expected", "phrase"),
    [
        pytest.param({(core.HttpStream, "gone"): ["self"]}, "HttpStream.gone is gone", id="method gone"),
        pytest.param(
            {(core.HttpStream, "check_killed"): ["self"]},
            "HttpStream.check_killed takes ['self', 'emit_error_hook'], not ['self']",
            id="parameter more",
        ),
        pytest.param(
            {(core.HttpLayer, "make_stream"): ["self", "stream_id", "flow"]},
            "HttpLayer.make_stream takes ['self', 'stream_id'], not ['self', 'stream_id', 'flow']",
            id="parameter less",
        ),
        pytest.param(
            {(core.HttpLayer, "event_to_child"): ["self", "event", "child"]},
            "HttpLayer.event_to_child takes ['self', 'child', 'event'], not ['self', 'event', 'child']",
            id="another order",
        ),
    ],
)
def test_a_method_of_another_shape_is_named(expected: dict[tuple[type, str], list[str]], phrase: str) -> None:
    assert problems(expected) == [phrase]


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in NAMES.items() for name in names]
)  # fmt: skip
def test_a_name_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    monkeypatch.delattr(module, name)

    assert problems({}) == [f"{module.__name__}.{name} is gone"]


def test_every_problem_is_told_at_once() -> None:
    assert len(problems({(core.HttpStream, "a"): [], (core.HttpStream, "b"): []})) == 2


def for_types_only(tree: ast.AST) -> Iterator[ast.AST]:
    """Everything that is only there for types: nothing evaluates it."""
    for node in ast.walk(tree):
        for found in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(found, ast.AST):
                yield from ast.walk(found)


def used_names(module: Module) -> set[tuple[str, str]]:
    """What a file of ours takes from mitmproxy's core, its commands and its events: (`core`, `SendHttp`)."""
    wanted, for_types = {"core", "commands", "events"}, set(for_types_only(module.tree))
    found = (node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute) and node not in for_types)
    return {
        (node.value.id, node.attr) for node in found if isinstance(node.value, ast.Name) and node.value.id in wanted
    }


def test_every_name_that_is_built_on_is_looked_after() -> None:
    ours = [module for module in modules("addons") if module.name.startswith("addons.core.")]
    guarded = {
        (key, name)
        for key, module in (("core", core), ("commands", commands), ("events", events))
        for name in NAMES[module]
    }
    guarded |= {("core", owner.__name__) for owner, _ in SIGNATURES}
    guarded |= {("core", owner.__name__) for owner in NAMES if isinstance(owner, type)}

    assert ours
    assert {name for module in ours for name in used_names(module)} - guarded == set()


def theirs(ours: type) -> list[type]:
    """The classes of mitmproxy that one of ours extends, nearest first."""
    return [base for base in ours.__mro__ if base.__module__.startswith("mitmproxy.")]


def test_every_method_that_is_replaced_is_looked_after() -> None:
    """One that mitmproxy does not call any more would do nothing, and nobody would notice."""
    extensions = (stream.CodexStream, layer.CodexLayer, front.Front, back.Back, dispatch.HookTable)
    classes = {base for ours in extensions for base in ours.__mro__}
    replaced = {
        (base, name)
        for ours in classes
        if ours.__module__.startswith("addons.")
        for name, member in vars(ours).items()
        if callable(member) and (base := next((base for base in theirs(ours) if name in vars(base)), None))
    }

    assert replaced - SIGNATURES.keys() == set()
