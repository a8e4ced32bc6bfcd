"""Everything that is checked: ``nox -l`` lists it, ``nox`` does it, ``nox -s lint types`` does a part."""

import shutil
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "docs", "build"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


@nox.session(tags=["quick"])
def lint(session: nox.Session) -> None:
    """Style and format."""
    session.install(*_group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check", *session.posargs)


@nox.session(tags=["quick"])
def types(session: nox.Session) -> None:
    """mypy strict and pyright strict."""
    session.install("-e", ".", *_group("test"), *_group("types"), *_group("bench"), "nox")
    session.run("mypy", *session.posargs)
    session.run("pyright", "--venvpath", _folder_of_venv(session), *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests, on each Python that is there."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def rapidocr(session: nox.Session) -> None:
    """The contract of OCR engines over rapidocr, on both runtimes, and what is particular to it."""
    session.install("-e", ".", *_group("rapidocr"))
    session.run("pytest", "tests/ocr", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Links, anchors and the navigation of the documentation; then the site, into ``site/``."""
    session.install("-e", ".", *_group("test"), *_group("docs"))
    session.run("pytest", "tests/test_docs.py")
    session.run("zensical", "build", "--clean")


@nox.session
def bench(session: nox.Session) -> None:
    """Each benchmark once on little input: that they run, not what they measure."""
    session.install("-e", ".", *_group("test"), *_group("bench"))
    session.run("python", "-m", "benchmarks", "smoke", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """The wheel, and the tests against it as a user would have installed it."""
    requirements = nox.project.dependency_groups(PROJECT, "test")
    (with_extras,) = (text for text in requirements if text.startswith("pdfbatch["))
    session.install("build", *(text for text in requirements if text != with_extras))
    session.run("python", "-m", "build", "--installer", _installer(), "--outdir", session.create_tmp())
    wheel = next(Path(session.create_tmp()).glob("*.whl"))
    if "pdfbatch/py.typed" not in zipfile.ZipFile(wheel).namelist():
        session.error(f"{wheel.name} has no py.typed")
    session.install(f"{wheel}{with_extras.removeprefix('pdfbatch')}")
    where = session.run("python", "-c", "import pdfbatch; print(pdfbatch.__file__)", silent=True)
    if "site-packages" not in str(where):
        session.error(f"the tests would run against {where}")
    session.run("pytest", *(session.posargs or ["-n", "auto"]))


def _folder_of_venv(session: nox.Session) -> str:
    """A folder in which the session's environment is called ``.venv``: the name that pyright's settings have for it."""
    folder = Path(session.create_tmp())
    link = folder / ".venv"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(session.virtualenv.location).resolve(), target_is_directory=True)
    return str(folder)


@nox.session
def gates(session: nox.Session) -> None:
    """The fault gates in their long form: an hour or more, on a machine that does nothing else."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", "-m", "gate", *session.posargs, env={"PDFBATCH_GATES": "long"})


def _group(name: str) -> list[str]:
    """The requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


def _installer() -> str:
    return "uv" if shutil.which("uv") else "pip"
