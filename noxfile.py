"""Everything that is checked: ``nox -l`` lists it, ``nox`` does it, ``nox -s lint types`` does a part."""

import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "verifytypes", "tests", "docs", "build"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
ROOT = Path(__file__).resolve().parent
COVERAGE = {"COVERAGE_PROCESS_START": str(ROOT / "pyproject.toml"), "COVERAGE_FILE": str(ROOT / ".coverage")}
"""With these variables coverage measures every Python process that is started, in whatever folder it runs."""

USERS_MYPY = ("--strict", "--config-file=", "--python-version=3.11", "--disable-error-code=import-untyped")
"""How mypy sees a user's program: strict, and without our own settings. Celery has no types."""

LEAST_COVERED_LINES = 95.0

TESTS_APART = ("-n", "auto", "--dist", "loadgroup", "-m", "gate or engine or documentation")
"""What ``pytest -n auto`` leaves out: faults injected on purpose, what needs Celery workers, the code of the documentation."""


@nox.session(tags=["quick"])
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*_group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check", *session.posargs)


@nox.session(tags=["quick"])
def types(session: nox.Session) -> None:
    """Run mypy strict and pyright strict."""
    session.install("-e", ".", *_group("test"), *_group("types"), *_group("bench"), *_group("browser"), "nox")
    session.run("mypy", *session.posargs)
    session.run("pyright", "--venvpath", _folder_of_venv(session), *session.posargs)
    examples = _examples(without="fastapi")
    session.run("mypy", *USERS_MYPY, *examples)
    session.run("pyright", "--venvpath", _folder_of_venv(session), *examples)


@nox.session(tags=["quick"])
def verifytypes(session: nox.Session) -> None:
    """Check that users' type checkers know the type of every public name: fails below 100 %."""
    session.install("-e", ".[cli,redis,s3,parquet,dashboard,otel,langchain,llamaindex]", *_group("types"))
    session.run("pyright", "--verifytypes", "pdfbatch", "--ignoreexternal", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests, on each Python that is there. With arguments for pytest, run what these say."""
    session.install("-e", ".", *_group("test"))
    _run_tests(session)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def tests_min(session: nox.Session) -> None:
    """Run the tests with the lowest versions of all dependencies that pyproject.toml allows (needs uv)."""
    extras, others = _test_requirements()
    session.install(
        "-e", f".{extras}", *others, "--resolution", "lowest-direct"
    )  # "direct": what is named here, and by "."
    session.run("uv", "pip", "list")
    _run_tests(session, "--ignore=tests/executors/engines")  # whose contracts are run with the newest versions


@nox.session
def coverage(session: nox.Session) -> None:
    """Run all tests, worker processes included, and fail when fewer than 95 % of the lines of ``src`` were run."""
    session.install("-e", ".", *_group("test"), *_group("coverage"))
    session.run("coverage", "erase")
    session.run("pytest", "-n", "auto", *session.posargs, env=COVERAGE)
    session.run("pytest", *TESTS_APART, env=COVERAGE)
    _report_coverage(session)


@nox.session
def coverage_report(session: nox.Session) -> None:
    """Report and hold what an earlier run of the tests has measured: it had the variables that ``COVERAGE`` names."""
    session.install(*_group("coverage"))
    _report_coverage(session)


def _run_tests(session: nox.Session, *words: str) -> None:
    """Run the tests, and then those that they leave out."""
    if session.posargs:
        session.run("pytest", "-n", "auto", *session.posargs)
    else:
        session.run("pytest", "-n", "auto", *words)
        session.run("pytest", *TESTS_APART, *words)


def _report_coverage(session: nox.Session) -> None:
    """Combine what all processes wrote, show it, and hold the share of lines. Branches are shown, not held."""
    report = Path(session.create_tmp()) / "coverage.json"
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")
    session.run("coverage", "json", "--quiet", "-o", str(report))
    totals = json.loads(report.read_text("utf-8"))["totals"]
    lines = 100 * totals["covered_lines"] / totals["num_statements"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    session.log(f"covered: {lines:.2f} % of {totals['num_statements']} lines, {branches:.2f} % of the branches")
    if lines < LEAST_COVERED_LINES:
        session.error(f"fewer than {LEAST_COVERED_LINES} % of the lines of src are covered")


@nox.session
def rapidocr(session: nox.Session) -> None:
    """Run the contract of OCR engines over rapidocr, on both runtimes, and the tests of what is particular to it."""
    session.install("-e", ".", *_group("rapidocr"))
    rest = session.posargs or ["-k", "rapid"]
    session.run("pytest", "tests/ocr/test_contract.py", "tests/ocr/test_rapidocr.py", *rest)


@nox.session
def browser(session: nox.Session) -> None:
    """Look at the dashboard and the report in Chromium, which must be on the PATH (``apt-get install chromium``)."""
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        session.error("there is no Chromium on the PATH")
    session.install("-e", ".", *_group("browser"))
    session.run("pytest", "tests/browser", *session.posargs)


@nox.session
def integrations(session: nox.Session) -> None:
    """Test the loaders for LangChain and LlamaIndex, and the page on web applications, with their packages; check types."""
    session.install("-e", ".", *_group("integrations"))
    session.run("pytest", "tests/integrations", *session.posargs)
    pages = ("rag", "databases", "outputs", "web-app")  # whose blocks need these packages
    chosen = " or ".join(f"how-to/{page}.md" for page in pages)
    session.run("pytest", "-m", "documentation", "-k", chosen, "tests/docs_code/test_blocks.py")
    files = ("src/pdfbatch/integrations/langchain.py", "src/pdfbatch/integrations/llama_index.py")
    session.run("mypy", *files, "tests/integrations/test_frameworks.py")
    examples = _examples(typed="fastapi")
    session.run("mypy", *USERS_MYPY, *examples)
    session.run("pyright", "--venvpath", _folder_of_venv(session), *files, *examples)


@nox.session
def azure(session: nox.Session) -> None:
    """Run the tests of Azure against Azurite, which npm brings, through obstore and through adlfs."""
    session.install("-e", ".[azure]", *_group("test"))
    folder = session.create_tmp()
    session.run("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "azurite@3", external=True)
    path = os.pathsep.join((session.bin, str(Path(folder, "node_modules", ".bin").resolve()), os.environ["PATH"]))
    session.run("pytest", "-ra", "tests/storage/test_azurite.py", *session.posargs, env={"PATH": path})


@nox.session
def dask(session: nox.Session) -> None:
    """Run the contract of executors over Dask, on a cluster of processes, and the tests of what is particular to it."""
    session.install("-e", ".", *_group("dask"))
    session.run("pytest", "tests/executors/engines/test_dask.py", *session.posargs)


@nox.session
def ray(session: nox.Session) -> None:
    """Run the contract of executors over a local Ray, and the tests of what is particular to it."""
    session.install("-e", ".", *_group("ray"))
    session.run("pytest", "tests/executors/engines/test_ray.py", *session.posargs)


@nox.session
def celery(session: nox.Session) -> None:
    """Run what needs Celery workers: the tasks, and the contract of executors, over processes and over threads."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", *TESTS_APART[:-1], "engine", *session.posargs)


@nox.session
def docs_code(session: nox.Session) -> None:
    """Run the code of the documentation, and its examples."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", *TESTS_APART[:-1], "documentation", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Check links, anchors and the navigation of the documentation; then build the site into ``site/``."""
    session.install("-e", ".", *_group("test"), *_group("docs"))
    session.run("pytest", "tests/test_docs.py")
    session.run("zensical", "build", "--clean", "--strict")
    foreign = _find_foreign_loads(ROOT / "site")
    if foreign:
        session.error(f"pages load something from other hosts: {foreign}")


@nox.session
def docs_versions(session: nox.Session) -> None:
    """Put the built site beside those of other versions, in a folder for a web server: ``-- FOLDER``, after ``docs``."""
    (folder,) = session.posargs or ["public"]
    session.install("-e", ".")
    version = session.run("python", "-c", "import pdfbatch; print(pdfbatch.__version__)", silent=True)
    session.run("python", ".ci/docs_versions.py", "site", folder, str(version).strip())


@nox.session
def bench(session: nox.Session) -> None:
    """Run each benchmark once on little input: that they run, not what they measure."""
    session.install("-e", ".", *_group("test"), *_group("bench"))
    session.run("pytest", "-n", "auto", "-m", "smoke", "tests/test_benchmarks.py", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel, and run the tests against it as a user would have installed it."""
    extras, others = _test_requirements()
    session.install("build", *others)
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--installer", _installer(), "--outdir", str(folder))
    wheel = next(folder.glob("*.whl"))
    if "pdfbatch/py.typed" not in zipfile.ZipFile(wheel).namelist():
        session.error(f"{wheel.name} has no py.typed")
    session.install(f"{wheel}{extras}")
    where = session.run("python", "-c", "import pdfbatch; print(pdfbatch.__file__)", silent=True)
    if "site-packages" not in str(where):
        session.error(f"the tests would run against {where}")
    session.run("pytest", *(session.posargs or ["-n", "auto"]))


@nox.session
def dist(session: nox.Session) -> None:
    """Build what is published into ``dist/``, and check its metadata. ``-- v1.2.3``: check also that it is that release."""
    session.install(*_group("dist"))
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--installer", _installer())
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    for tag in session.posargs:
        version = tag.removeprefix("v")
        if not list(Path("dist").glob(f"pdfbatch-{version}-*.whl")):
            session.error(f"the tag is {tag}, but the package's version is another: see src/pdfbatch/__init__.py")
        if f"## [{version}]" not in Path("CHANGELOG.md").read_text("utf-8"):
            session.error(f"CHANGELOG.md has no section [{version}]: run towncrier build --version {version}")


@nox.session
def news(session: nox.Session) -> None:
    """Show the next section of the changelog. ``-- --compare-with origin/main``: fail when a branch adds nothing to it."""
    session.install(*_group("news"))
    session.run("towncrier", "build", "--draft", "--version", "next")
    if session.posargs:
        session.run("towncrier", "check", *session.posargs)


@nox.session
def gates(session: nox.Session) -> None:
    """Run the fault gates in their long form: an hour or more, on a machine that does nothing else."""
    session.install("-e", ".", *_group("test"))
    session.run("pytest", "-m", "gate", *session.posargs, env={"PDFBATCH_GATES": "long"})


def _examples(*, typed: str = "import", without: str = "\0") -> list[str]:
    """Return the programs of the documentation that have one word and not another."""
    texts = {str(path): path.read_text("utf-8") for path in sorted(Path("docs/examples").glob("*.py"))}
    return [path for path, text in texts.items() if typed in text and without not in text]


def _find_foreign_loads(site: Path) -> list[str]:
    """Return what pages of the site load from elsewhere: offline they would lack it."""
    loads = re.compile(
        r"""<(?:script|img|iframe)[^>]*\ssrc=["']?(?:https?:)?//[^>]*>|<link[^>]*\shref=["']?(?:https?:)?//[^>]*>"""
    )
    return sorted({load for page in site.rglob("*.html") for load in loads.findall(page.read_text("utf-8"))})


def _folder_of_venv(session: nox.Session) -> str:
    """Return a folder in which the session's environment is called ``.venv``: the name that pyright's settings have for it."""
    folder = Path(session.create_tmp())
    link = folder / ".venv"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(session.virtualenv.location).resolve(), target_is_directory=True)
    return str(folder)


def _group(name: str) -> list[str]:
    """Return the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


def _test_requirements() -> tuple[str, list[str]]:
    """Return the extras that the tests need, as ``[cli,s3]``, and their other requirements."""
    (package,) = (text for text in _group("test") if text.startswith("pdfbatch["))
    return package.removeprefix("pdfbatch"), [text for text in _group("test") if text != package]


def _installer() -> str:
    return "uv" if shutil.which("uv") else "pip"
