"""Which module of the package imports which, read from the source."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "pdfbatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """What one module imports from the package: when it runs, and for type checkers only."""

    runtime: frozenset[str]
    typing: frozenset[str]


def modules() -> dict[str, Path]:
    """Return all modules of the package by name, without the package's own name in front (``executors.process``)."""
    return {_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"}


def faces() -> list[str]:
    """Return the packages with a lazy face; the empty name stands for the whole package."""
    found = [path.parent for path in sorted(PACKAGE.rglob("__init__.py")) if "lazy_face" in path.read_text("utf-8")]
    return [".".join(folder.relative_to(PACKAGE).parts) for folder in found]


def typing_names(path: Path) -> set[str]:
    """Return the names that a source file imports for type checkers only."""
    branches = _typing_branches(_parse(path))
    return {alias.asname or alias.name for node in branches if isinstance(node, ast.ImportFrom) for alias in node.names}


def imports_of(path: Path, known: Mapping[str, Path]) -> Imports:
    """Return the modules of the package that a source file imports, at its top or inside functions."""
    tree = _parse(path)
    guarded = _guarded(tree)
    found = [(name, id(node) in guarded) for node in ast.walk(tree) for name in _targets(node, known)]
    runtime = frozenset(name for name, only_typing in found if not only_typing)
    return Imports(runtime=runtime, typing=frozenset(name for name, _ in found) - runtime)


def libraries_of(path: Path) -> frozenset[str]:
    """Return the top-level packages that a source file imports when it runs, at its top or inside functions."""
    tree = _parse(path)
    guarded = _guarded(tree)
    names = (name for node in ast.walk(tree) if id(node) not in guarded for name in _absolute(node))
    return frozenset(name.partition(".")[0] for name in names)


def cycle_in(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """Return one circle of modules that import each other, or nothing."""
    done = set[str]()
    for start in graph:
        if circle := _circle_from(start, graph, (), done):
            return circle
    return []


def _circle_from(name: str, graph: Mapping[str, frozenset[str]], path: tuple[str, ...], done: set[str]) -> list[str]:
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done:
        return []
    for target in sorted(graph[name]):
        if circle := _circle_from(target, graph, (*path, name), done):
            return circle
    done.add(name)
    return []


@cache
def _parse(path: Path) -> ast.Module:
    """Return the tree of a source file, which several tests walk through."""
    return ast.parse(path.read_text("utf-8"))


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _guarded(tree: ast.Module) -> set[int]:
    """Return the ids of all nodes that only type checkers read."""
    return {id(node) for branch in _typing_branches(tree) for node in ast.walk(branch)}


def _typing_branches(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from node.body


def _targets(node: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.level:
        raise AssertionError(f"line {node.lineno}: imports inside the package are written in full")
    for name in _absolute(node):
        inner = _inner(name)
        yield from [candidate for candidate in (inner, inner.rpartition(".")[0]) if candidate in known][:1]


def _absolute(node: ast.AST) -> Iterator[str]:
    """Yield the full names that a statement imports. A name that comes from a package may be a module, so it is added."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
        case _:
            return


def _inner(name: str) -> str:
    return name.removeprefix("pdfbatch.") if name.startswith("pdfbatch.") else ""
