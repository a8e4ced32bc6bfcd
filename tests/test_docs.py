"""Links of the documentation lead somewhere, and what it says of code and figures is true."""

import ast
import dataclasses
import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.publish import CHART, OCR_PAGE, PAGE, render
from benchmarks.publish import README as README_FILE
from benchmarks.simulation.page import CHART as SCALE_CHART
from benchmarks.simulation.page import PAGE as SCALE_PAGE
from pdfbatch.batch_options import BatchOptions
from pdfbatch.errors import Cause
from pdfbatch.model import DocumentStatus, Reason
from pdfbatch.processor import BatchProcessor
from pdfbatch.report import BatchReport, BatchStatus
from pdfbatch.settings import Extraction, Limits, PageRules, RetryPolicy
from tests.docs_links import links

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
EXPLANATION = ROOT / "docs" / "explanation"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def name_of(page: Path) -> str:
    """Return a page's name for a test's id."""
    return page.relative_to(ROOT).as_posix()


def reference(name: str) -> str:
    """Return the text of a page of the reference."""
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not link.is_whole] == []


def test_the_navigation_names_every_page_and_no_other() -> None:
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    assert named == {page.relative_to(ROOT / "docs").as_posix() for page in PAGES if (ROOT / "docs") in page.parents}


def test_the_readme_is_short() -> None:
    text = README.read_text("utf-8")
    assert len(text.splitlines()) <= 110
    assert len(text.split()) <= 600


def test_the_architecture_page_is_short() -> None:
    assert len((EXPLANATION / "architecture.md").read_text("utf-8").split()) <= 1300


@pytest.mark.parametrize("path", [PAGE, CHART, README_FILE, OCR_PAGE, SCALE_PAGE, SCALE_CHART], ids=str)
def test_figures_are_what_publishing_makes_of_the_results(path: Path) -> None:
    assert (ROOT / path).read_text("utf-8") == render(ROOT)[path], "run: python -m benchmarks publish"


def test_decisions_are_numbered_without_a_gap_and_dated() -> None:
    pages = sorted((EXPLANATION / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text("utf-8")
        assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE), page.name
        assert all(f"\n## {part}\n" in text for part in ("Context", "Decision", "Measured", "Consequences")), page.name


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = next(line for line in README.read_text("utf-8").splitlines() if line.startswith("$") and "pytest" in line)
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert all(step.strip() in script for step in command.removeprefix("$").split("&&"))


@pytest.mark.parametrize("values", [DocumentStatus, Reason, Cause], ids=lambda values: values.__name__)
def test_the_reference_knows_every_value(values: type[DocumentStatus] | type[Reason] | type[Cause]) -> None:
    page = reference("results")
    assert [str(value) for value in values if f"`{value}`" not in page] == []


def test_the_reference_knows_every_key_of_a_status() -> None:
    page = reference("status")
    assert [key for key in BatchStatus(batch_id="b").as_dict() if f"`{key}`" not in page] == []


def test_the_reference_knows_every_key_of_a_report() -> None:
    page = reference("results")
    keys = BatchReport(status=BatchStatus(batch_id="b")).as_dict()
    assert [key for key in keys if f"`{key}`" not in page] == []


@pytest.mark.parametrize("kind", [Extraction, PageRules, Limits, RetryPolicy, BatchOptions, BatchProcessor])
def test_the_table_of_settings_is_that_of_the_code(kind: type) -> None:
    part = reference("settings").partition(f"\n## {kind.__name__}\n")[2].partition("\n## ")[0]
    table = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", part, re.MULTILINE))
    fields = {field.name: field.default for field in dataclasses.fields(kind) if not field.name.startswith("_")}
    if kind is BatchProcessor:  # its defaults are names, chosen when it is made
        assert set(table) == {*fields, "workers"}
        return
    assert set(table) == set(fields)
    values = {"PageRules()": PageRules()}
    assert {
        name: values[text.strip("`")] if "Rules" in text else ast.literal_eval(text.strip("`"))
        for name, text in table.items()
    } == fields


def test_sites_of_versions_stand_side_by_side(tmp_path: Path) -> None:
    script = ROOT / ".ci" / "docs_versions.py"
    if not script.is_file():
        pytest.skip("the scripts of CI are not here")
    add_version: Callable[[Path, Path, str], None] = runpy.run_path(str(script))["add_version"]
    site, public = tmp_path / "site", tmp_path / "public"
    site.mkdir()
    for version in ("0.9.1", "0.10.0", "0.10.0rc1", "0.9.1"):
        (site / "index.html").write_text(version)
        add_version(site, public, version)
    listed = json.loads((public / "versions.json").read_text())
    assert [entry["version"] for entry in listed] == ["0.10.0", "0.10.0rc1", "0.9.1"]
    assert [entry["aliases"] for entry in listed] == [["latest"], [], []]
    assert "url=0.10.0/index.html" in (public / "index.html").read_text()
    assert (public / "0.10.0rc1" / "index.html").read_text() == "0.10.0rc1"
