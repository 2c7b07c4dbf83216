"""The rooms and their rules: what may import what, what may be named how, how large things may grow."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path

import mitmproxy.addons
import pytest
from mitmproxy.hooks import all_hooks
from mitmproxy.tools.web import webaddons

from tests.sources import (
    ROOT,
    Module,
    classes_with,
    functions,
    imports,
    imports_inside_functions,
    modules,
    parse,
)

STDLIB = frozenset(sys.stdlib_module_names)
STORE_MAY_IMPORT = STDLIB | {"codexlb_store", "sqlite_utils", "cryptography"}

WIRE_MAY_IMPORT = frozenset({"msgspec", "zstandard", "brotli"})
"""Beside addons.wire itself, the store's values and the standard library but for what follows."""
STORE_VALUES = frozenset(
    {
        *("codexlb_store.identity", "codexlb_store.ledger", "codexlb_store.pool_limits", "codexlb_store.projects"),
        "codexlb_store.windows",
    }
)
NOT_PURE = frozenset(
    {
        *("time", "random", "secrets"),
        *("os", "pathlib", "shutil", "tempfile", "sqlite3", "logging"),
        *("socket", "ssl", "select", "selectors", "http", "urllib.request"),
        *("asyncio", "threading", "subprocess", "multiprocessing", "concurrent", "signal"),
    }
)
"""Clock, chance, files, network, processes: bytes mean the same at any time and place."""

MAY_START_MITMPROXY = ("scripts.serve", "scripts.benchmark.")

FREE_OF_MITMPROXY = frozenset({"addons.settings", "addons.upkeep", "addons.wire"})
"""The rooms of addons/ that the command line may use: it must not wait for mitmproxy to load."""

TOP_LEVEL = {
    "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "addons", "codexlb_store", "scripts", "tests",
}  # fmt: skip
MADE_BY_TOOLS = ("build", "dist", "htmlcov", "__pycache__")

MOST_FUNCTION_LINES = 50
MOST_FILE_LINES = 250


def offences(found: Iterable[Module], rule: str, allowed: frozenset[str]) -> list[str]:
    """Imports of these modules that stand under none of the `allowed` dotted names."""
    return [
        f"{module.path}:{line} imports {name}: {rule}"
        for module in found
        for line, name in imports(module)
        if name.partition(".")[0] != "__future__" and not _under(name, allowed)
    ]


def forbidden(found: Iterable[Module], rule: str, names: frozenset[str]) -> list[str]:
    """Imports of these modules that stand under one of `names`."""
    return [
        f"{module.path}:{line} imports {name}: {rule}"
        for module in found
        for line, name in imports(module)
        if _under(name, names)
    ]


def _under(name: str, roots: frozenset[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:count]) in roots for count in range(1, len(parts) + 1))


HOOKS = frozenset(all_hooks) - {"add_log"} | {"upstream_attempt_failed"}


def addon_modules() -> list[Module]:
    """The files directly in addons/ that define an addon: a class with a mitmproxy hook."""
    return [module for module in modules("addons") if module.name.count(".") == 1 and classes_with(module, HOOKS)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("import a.b, c as d", ["a.b", "c"], id="import"),
        pytest.param("from a.b import c", ["a.b.c"], id="from"),
        pytest.param("from . import c", ["addons.wire.c"], id="sibling"),
        pytest.param("from .. import exchange", ["addons.exchange"], id="parent"),
        pytest.param("from ..core.layer import X", ["addons.core.layer.X"], id="cousin"),
        pytest.param("def f():\n  import time", ["time"], id="inside a function"),
        pytest.param("if TYPE_CHECKING:\n  import time", ["time"], id="for types only"),
    ],
)
def test_every_way_to_import_is_seen(text: str, names: list[str]) -> None:
    module = parse("addons.wire.sse", "addons/wire/sse.py", text)

    assert [name for _, name in imports(module)] == names
    assert forbidden([module], "no", frozenset(names)) == offences([module], "no", frozenset({"other"}))


def test_the_store_knows_nobody_above_it() -> None:
    rule = "the store is sqlite-utils, cryptography and the standard library"

    assert offences(modules("codexlb_store"), rule, STORE_MAY_IMPORT) == []


def test_addons_know_nothing_of_the_peoples_side() -> None:
    assert forbidden(modules("addons"), "imports point downwards only", frozenset({"scripts", "tests"})) == []


def test_only_serve_and_the_benchmark_reach_into_the_proxy() -> None:
    found = [module for module in modules("scripts") if not module.name.startswith(MAY_START_MITMPROXY)]
    taken = [
        f"{module.path}:{line} imports {name}: scripts start processes"
        for module in found
        for line, name in imports(module)
        if name.partition(".")[0] in {"addons", "mitmproxy", "tests"} and not _under(name, FREE_OF_MITMPROXY)
    ]

    assert taken == []


def test_the_command_line_can_do_the_upkeep_without_mitmproxy() -> None:
    found = [module for module in modules("addons") if _under(module.name, FREE_OF_MITMPROXY)]
    elsewhere = [
        f"{module.path}:{line} imports {name}: this room is for the command line too"
        for module in found
        for line, name in imports(module)
        if name.partition(".")[0] == "addons" and not _under(name, FREE_OF_MITMPROXY)
    ]

    assert forbidden(found, "this room is for the command line too", frozenset({"mitmproxy"})) + elsewhere == []


def test_what_bytes_mean_depends_on_bytes_alone() -> None:
    found = [module for module in modules("addons") if module.name.startswith("addons.wire")]
    allowed = STDLIB | WIRE_MAY_IMPORT | STORE_VALUES | {"addons.wire"}

    assert offences(found, "wire is pure", allowed) == []
    assert forbidden(found, "wire is pure", NOT_PURE) == []
    clocks = [
        f"{module.path}:{node.lineno} reads a clock"
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}
    ]  # fmt: skip
    assert clocks == []


def test_no_addon_imports_another() -> None:
    addons = frozenset(module.name for module in addon_modules())
    found = [module for module in modules("addons") if module.name != "addons.chain"]

    assert forbidden(found, "only chain.py wires", addons) == []


def test_nothing_in_addons_hides_another_module() -> None:
    """With `mitmdump -s addons/codexlb.py` that folder comes first on sys.path."""
    own = {"addons", "codexlb_store", "scripts", "tests"}
    taken = STDLIB | (frozenset(importlib.metadata.packages_distributions()) - own)
    names = {module.name.split(".")[1] for module in modules("addons") if "." in module.name}

    assert names & taken == set()


def test_addon_names_differ_from_mitmproxys_own() -> None:
    """mitmproxy registers addons under their lower-cased class name and refuses a second one."""
    theirs = {name.lower() for name in _class_names_of_mitmproxy_addons()}
    ours = {name.lower() for module in addon_modules() for name in classes_with(module, HOOKS)}

    assert "proxyauth" in theirs
    assert ours & theirs == set()


def _class_names_of_mitmproxy_addons() -> set[str]:
    names = [info.name for info in pkgutil.iter_modules(mitmproxy.addons.__path__, "mitmproxy.addons.")]
    found = [importlib.import_module(name) for name in names] + [webaddons]
    return {
        name
        for module in found
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__
    }


def test_nothing_is_imported_while_traffic_flows() -> None:
    found = modules("addons", "codexlb_store")

    assert [f"{m.path}:{line}" for m in found for line in imports_inside_functions(m)] == []


def test_the_top_level_is_fixed() -> None:
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    made = {name for name in names if name in MADE_BY_TOOLS or name.endswith(".egg-info")}

    assert names - made == TOP_LEVEL


def test_functions_stay_on_one_screen() -> None:
    long = [
        f"{module.path}:{function.lineno} {function.name}: {_lines(function)} lines"
        for module in modules()
        for function in functions(module.tree)
        if _lines(function) > MOST_FUNCTION_LINES
    ]

    assert long == [], "is each of these one thought?"


def test_files_stay_one_noun() -> None:
    large = [f"{m.path}: {m.lines} lines" for m in modules() if m.lines > MOST_FILE_LINES]

    assert large == [], "is each of these one thought?"


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_every_module_says_what_it_is() -> None:
    silent = [module.path for module in modules() if not ast.get_docstring(module.tree)]

    assert silent == []
    assert all(Path(module.path).suffix == ".py" for module in modules())
