"""The floors of the package: who may import whom."""

from fnmatch import fnmatch

import pytest

from tests.imports import Imports, cycle_in, imports_of, libraries_of, modules

STORAGE = (
    *("inputs", "remoteinputs", "fingerprints", "sources", "search", "manifest", "manifestentry"),
    *("storage", "localstorage", "remotestorage", "filesystem", "storageerrors"),
    *("s3session", "s3models", "s3listing"),
    *("listing", "remotelisting", "remotecalls", "counting"),
    *("spool", "spoolroom", "spoolfolder", "spoolshelf", "fetchers", "lane", "presigning"),
)
WORK = ("work", "opening", "reading", "recognize", "parts", "keeping", "record", "clock")
PROCESSOR = (
    *("processor", "batch", "beginning", "scheduler", "ledger", "results", "broadcast"),
    *("intake", "history", "index", "indexwriter", "finished", "duplicates", "twins"),
)

# Lowest first. A module imports from lower floors and from its own piece; pieces of one floor know nothing of each other.
# "folder.*" stands for a folder and all modules in it.
FLOORS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("causes",),
        ("pageranges",),
        ("pickling",),
        ("text",),
        ("keys",),
        ("seen",),
        ("repeats",),
        ("addresses",),
        ("rows", "shelf"),
        ("batches",),
        ("temporarynames",),
    ),
    (("errors",), ("settings",)),
    (("model",),),
    (("tasks",),),
    (("report",), ("retry",), ("plan",), ("streaks",), ("tasklog",), ("samples.*",)),
    (("ports",), ("conclude",)),
    (STORAGE,),
    (("executors.*",), ("engines.*",), ("ocr.*",), ("sinks.*",), ("testing.*",), WORK),
    (("defaults",),),
    (PROCESSOR,),
    (("api",), ("export", "exporttarget", "parquet")),
    (("cli.*",),),
    (("__main__",),),
)
ADAPTERS = ("executors.*", "engines.*", "ocr.*", "sinks.*", "storage")
MAY_CHOOSE_ADAPTERS = ("defaults", "api", "export", "cli.*", "testing.*")
LIBRARIES = {
    "PIL": ("engines.*", "ocr.*", "recognize", "samples.*", "streaks", "testing.*"),
    "fsspec": ("filesystem", "storage", "remotestorage", "remoteinputs", "inputs", "sources", "manifest"),
    "pyarrow": ("parquet",),
    "pypdf": ("engines.pypdf*",),
    "pypdfium2": ("engines.pdfium*",),
    "pytesseract": ("ocr.tesseract*",),
    "redis": ("sinks.redis*",),
    "rich": ("sinks.progress_bar*", "cli.*"),
    "tenacity": ("retry",),
    "tesserocr": ("ocr.tesserocr",),
}

MODULES = modules()


@pytest.fixture(scope="module")
def graph() -> dict[str, Imports]:
    """The imports of every module."""
    return {name: imports_of(path, MODULES) for name, path in MODULES.items()}


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a module is one of those named, or lies in a folder named."""
    return any(fnmatch(name, pattern) or name == pattern.removesuffix(".*") for pattern in patterns)


def places(name: str) -> list[tuple[int, int]]:
    """The floor and the piece of a module: one pair, if the table is right."""
    return [
        (floor, number)
        for floor, pieces in enumerate(FLOORS)
        for number, piece in enumerate(pieces)
        if matches(name, piece)
    ]


def may_import(name: str, target: str) -> bool:
    """Whether the table lets one module import another."""
    (here,), (there,) = places(name), places(target)
    return there[0] < here[0] or there == here


def test_every_module_has_one_place_on_one_floor() -> None:
    assert {name: places(name) for name in MODULES if len(places(name)) != 1} == {}


def test_modules_import_from_lower_floors_and_their_own_piece_only(graph: dict[str, Imports]) -> None:
    pairs = [(name, target) for name, imports in graph.items() for target in sorted(imports.runtime)]
    assert [f"{name} imports {target}" for name, target in pairs if not may_import(name, target)] == []


def test_only_the_composition_root_chooses_adapters(graph: dict[str, Imports]) -> None:
    known = [
        f"{name} imports {target}"
        for name, imports in graph.items()
        if not matches(name, (*MAY_CHOOSE_ADAPTERS, *ADAPTERS))
        for target in sorted(imports.runtime)
        if matches(target, ADAPTERS)
    ]
    assert known == []


def test_no_modules_import_each_other_in_a_circle(graph: dict[str, Imports]) -> None:
    assert cycle_in({name: imports.runtime | imports.typing for name, imports in graph.items()}) == []


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_a_library_is_known_to_its_own_adapter_only(library: str) -> None:
    known = [name for name, path in MODULES.items() if library in libraries_of(path)]
    assert [name for name in known if not matches(name, LIBRARIES[library])] == []


def test_a_circle_would_be_found() -> None:
    circle = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("b")}
    assert cycle_in(circle) == ["b", "c", "b"]


@pytest.mark.parametrize(
    ("name", "target"),
    [("model", "report"), ("ports", "api"), ("engines.pdfium", "ocr.tesseract"), ("work", "engines.pdfium")],
)
def test_the_table_forbids_ways_up_and_across(name: str, target: str) -> None:
    assert not may_import(name, target)
