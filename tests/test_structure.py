"""The floors of the package: which module may import which."""

from fnmatch import fnmatch
from importlib import import_module

import pytest

from tests.imports import PACKAGE, Imports, cycle_in, faces, imports_of, libraries_of, modules, typing_names

# Lowest first. A module imports from lower floors and from its own room; rooms of one floor do not import each other.
# A room is a module at the top of the package, or a folder with all that is in it.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "lazy", "text"),
    ("common",),
    ("checks",),
    ("settings",),
    ("activity", "model", "retry", "samples"),
    ("tables", "tasks"),
    ("report",),
    ("figures", "outcomes", "ports", "task_log"),
    ("storage",),
    ("inputs", "outputs", "prefetch"),
    ("engines", "executors", "ocr", "sinks", "testing", "work"),
    ("batch", "dashboard", "defaults", "shards", "transforms"),
    ("batch_options", "keeper"),
    ("processor",),
    ("api",),
    ("celery", "cli", "integrations"),
    ("__main__",),
)
ADAPTERS = ("executors", "engines", "ocr", "sinks", "storage")
# The modules that may import an adapter; all others import the ports alone.
MAY_CHOOSE_ADAPTERS = ("defaults", "api", "outputs.exporter", "celery.*", "cli.*", "dashboard.*", "testing.*")
LIBRARIES = {
    "opentelemetry": ("sinks.opentelemetry",),
    "starlette": ("dashboard.app", "dashboard.access"),
    "uvicorn": ("dashboard.server",),
    "PIL": (
        "engines.*",
        "ocr.*",
        "work.grain",
        "work.print_marks",
        "work.print_size",
        "work.skew",
        "work.streaks",
        "work.turns",
        "samples.*",
        "testing.*",
    ),
    "celery": ("celery.framework",),
    "fsspec": ("storage.*", "inputs.*"),
    "obstore": ("storage.object_store",),
    "pyarrow": ("inputs.parquet_rows", "outputs.parquet", "tables"),
    "pypdf": ("engines.pypdf.*", "samples.documents"),
    "pypdfium2": ("engines.pdfium.*",),
    "pytesseract": ("ocr.tesseract",),
    "redis": ("executors.celery.state_client", "sinks.redis.*", "testing.servers.redis"),
    "rich": ("sinks.progress_bar", "cli.*"),
    "tenacity": ("retry",),
    "tesserocr": ("ocr.tesserocr",),
}

MODULES = modules()
FACES = faces()


@pytest.fixture(scope="module")
def graph() -> dict[str, Imports]:
    """The imports of every module."""
    return {name: imports_of(path, MODULES) for name, path in MODULES.items()}


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a module is one of those named, or lies in a folder named."""
    return any(fnmatch(name, pattern) or name == pattern.removesuffix(".*") for pattern in patterns)


def room(name: str) -> str:
    """Return the module at the top of the package, or the folder, that a module belongs to."""
    return name.partition(".")[0]


def floor(name: str) -> int:
    """Return the floor of a module; raise ``ValueError`` when the table has no place for it, or two."""
    (number,) = [number for number, rooms in enumerate(FLOORS) if room(name) in rooms]
    return number


def may_import(name: str, target: str) -> bool:
    """Return whether the table lets one module import another."""
    return floor(target) < floor(name) or room(target) == room(name)


def test_every_module_has_one_place_on_one_floor() -> None:
    rooms = [room for floor in FLOORS for room in floor]
    assert sorted({room(name) for name in MODULES}) == sorted(rooms)


def test_modules_import_from_lower_floors_and_their_own_room_only(graph: dict[str, Imports]) -> None:
    pairs = [(name, target) for name, imports in graph.items() for target in sorted(imports.runtime)]
    assert [f"{name} imports {target}" for name, target in pairs if not may_import(name, target)] == []


def test_a_package_is_imported_by_its_face_only(graph: dict[str, Imports]) -> None:
    inside = [
        f"{name} imports {target}"
        for name, imports in graph.items()
        for target in sorted(imports.runtime | imports.typing)
        if "." in target and room(target) != room(name)
    ]
    assert inside == []


@pytest.mark.parametrize("face", FACES)
def test_a_face_gives_what_it_says_and_nothing_else(face: str) -> None:
    module = import_module(f"pdfbatch.{face}" if face else "pdfbatch")
    shown = {name for name in module.__all__ if name != "__version__"}
    assert shown == typing_names(PACKAGE / face.replace(".", "/") / "__init__.py")
    assert all(getattr(module, name) is not None for name in shown)
    assert shown <= set(dir(module))


def test_only_the_composition_root_chooses_adapters(graph: dict[str, Imports]) -> None:
    known = [
        f"{name} imports {target}"
        for name, imports in graph.items()
        if not matches(name, MAY_CHOOSE_ADAPTERS) and room(name) not in ADAPTERS
        for target in sorted(imports.runtime)
        if room(target) in ADAPTERS and room(target) != "storage"
    ]
    assert known == []


def test_no_modules_import_each_other_in_a_circle(graph: dict[str, Imports]) -> None:
    assert cycle_in({name: imports.runtime | imports.typing for name, imports in graph.items()}) == []


def test_a_library_is_known_to_its_own_adapter_only() -> None:
    known = [
        f"{name} imports {library}"
        for name, path in MODULES.items()
        for library in sorted(libraries_of(path) & LIBRARIES.keys())
        if not matches(name, LIBRARIES[library])
    ]
    assert known == []


def test_a_circle_would_be_found() -> None:
    circle = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("b")}
    assert cycle_in(circle) == ["b", "c", "b"]


@pytest.mark.parametrize(
    ("name", "target"),
    [("model", "report"), ("ports", "api"), ("engines.pdfium.engine", "ocr.tesseract"), ("work.opener", "engines")],
)
def test_the_table_forbids_ways_up_and_across(name: str, target: str) -> None:
    assert not may_import(name, target)
