"""The project's own source files, parsed: rooms -> modules with their imports, classes and functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("addons", "codexlb_store", "scripts")


@dataclass(frozen=True, slots=True)
class Module:
    """One file; `name` is the dotted name under which it is imported."""

    name: str
    path: str
    lines: int
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]


def parse(name: str, path: str, text: str) -> Module:
    """Reads one file's text; `path` serves messages only."""
    return Module(name, path, text.count("\n"), ast.parse(text, path))


def modules(*rooms: str) -> list[Module]:
    """Every module of these rooms, all of them when none is named."""
    files = [path for room in rooms or ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [parse(_dotted(path), str(path.relative_to(ROOT)), path.read_text()) for path in files]


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, anywhere in the file; `from a import b` is `a.b`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports_inside_functions(module: Module) -> list[int]:
    """Lines of imports that run only when some function runs."""
    inner = (node for function in functions(module.tree) for node in ast.walk(function))
    return sorted({node.lineno for node in inner if isinstance(node, ast.Import | ast.ImportFrom)})


def classes_with(module: Module, methods: frozenset[str]) -> list[str]:
    """Names of the module's classes that define any of these methods."""
    classes = (node for node in module.tree.body if isinstance(node, ast.ClassDef))
    return [node.name for node in classes if methods & {method.name for method in functions(node)}]


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name if module.path.endswith("__init__.py") else module.name.rpartition(".")[0]
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
