"""Publish results: pages with all figures, charts, and tables on other pages, from files that runs wrote.

``benchmarks/published/runs`` holds the results of runs, ``earlier.json`` figures that were measured before there were such
files, and ``readme.json`` the choice of figures and bars for the README.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.results import CaseResult, Ratio, Suite, Table, read_suite, write_suite
from benchmarks.simulation import page as scale
from benchmarks.simulation.chart import draw_scale_chart
from benchmarks.speed_chart import Bar, Group, draw_speed_chart
from benchmarks.tables import case_as_markdown, circumstances, table_as_markdown

PUBLISHED = Path("benchmarks/published")
PAGE = Path("docs/explanation/performance.md")
CHART = Path("docs/explanation/speed.svg")
README = Path("README.md")
OCR_PAGE = Path("docs/how-to/ocr.md")
WIDEST_RANGE = 0.25
SIMULATION = "simulation"
FIRST_LINE, LAST_LINE = "<!-- figures, written by: python -m benchmarks publish -->", "<!-- end of figures -->"
OCR_CASE = "ocr-cost"
FIRST_COST, LAST_COST = "<!-- costs of OCR, written by: python -m benchmarks publish -->", "<!-- end of costs -->"

_INTRODUCTION = """\
# Performance

`python -m benchmarks publish` writes this page from results that runs left in `benchmarks/published`; nothing here is typed
by hand. [Run the benchmarks](../how-to/benchmarks.md) explains the cases, the columns and how to repeat a run.

Read ratios, not speeds. Candidates take turns, so that what disturbs the machine disturbs all of them, and each ratio is the
median over pairs of runs with its range. A wide range means that the machine was busy: such a figure says little, and the
README takes a figure from a run only if its range is at most a quarter of its median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Everything that is published: suites by name of their run, newest first, and the two tables of data."""

    suites: Mapping[str, Suite]
    earlier: Mapping[str, Any]
    readme: Mapping[str, Any]


def add_results(root: Path, files: Sequence[Path]) -> None:
    """Copy results of runs into the published ones.

    A case that was published before is replaced: the newest result of a case is the one that counts.
    """
    for file in files:
        suite = read_suite(file)
        _drop_cases(root, {case.name for case in suite.cases})
        write_suite(root / PUBLISHED / "runs" / f"{file.parent.name}.json", _without_details(suite))


def read_published(root: Path) -> Published:
    """Read what is published below the root of a repository."""
    folder = root / PUBLISHED
    files = sorted((folder / "runs").glob("*.json"), reverse=True)
    return Published(
        suites={file.stem: read_suite(file) for file in files},
        earlier=json.loads((folder / "earlier.json").read_text("utf-8")),
        readme=json.loads((folder / "readme.json").read_text("utf-8")),
    )


def render(root: Path) -> dict[Path, str]:
    """Return the files that publishing writes, by their path from the root, with their content."""
    published = read_published(root)
    figures = table_as_markdown(_figures_table(published))
    return {
        PAGE: "\n\n".join(_page_parts(published)) + "\n",
        CHART: draw_speed_chart(list(_chart_groups(published))),
        README: _fill(root / README, FIRST_LINE, figures, LAST_LINE),
        OCR_PAGE: _fill(root / OCR_PAGE, FIRST_COST, "\n\n".join(_ocr_parts(published)), LAST_COST),
        **_render_scale(root, published),
    }


def _fill(page: Path, first: str, content: str, last: str) -> str:
    """Return a page with other content between two lines of it."""
    before, _, rest = page.read_text("utf-8").partition(first)
    _, _, after = rest.partition(last)
    return f"{before}{first}\n\n{content}\n\n{last}{after}"


def _ocr_parts(published: Published) -> Iterator[str]:
    """Yield what the page about scans says of costs: the newest table, and what it was measured on."""
    for name, suite in published.suites.items():
        for case in suite.cases:
            if case.name == OCR_CASE:
                yield from (table_as_markdown(table) for table in case.tables)
                yield f"Measured on {name[:10]}: {case.setting}. {' '.join(case.notes)}"
                return
    yield "Not measured yet."


def _render_scale(root: Path, published: Published) -> dict[Path, str]:
    """Return the page on scale and its picture, once there is a simulation."""
    case = next((one for suite in published.suites.values() for one in suite.cases if one.name == SIMULATION), None)
    if case is None:
        return {}
    text = (root / scale.PAGE).read_text("utf-8")
    return {scale.PAGE: scale.fill_page(text, case), scale.CHART: draw_scale_chart(case)}


def _drop_cases(root: Path, names: set[str]) -> None:
    for file in (root / PUBLISHED / "runs").glob("*.json"):
        suite = read_suite(file)
        kept = tuple(case for case in suite.cases if case.name not in names)
        if kept:
            write_suite(file, replace(suite, cases=kept))
        else:
            file.unlink()


def _without_details(suite: Suite) -> Suite:
    """Leave out what no page needs: values over time, and messages of failed documents, which hold paths of the machine."""
    return replace(suite, cases=tuple(_case_without_details(case) for case in suite.cases))


def _case_without_details(case: CaseResult) -> CaseResult:
    entries = (replace(one, runs=tuple(replace(run, series={}, errors=()) for run in one.runs)) for one in case.entries)
    return replace(case, entries=tuple(entries))


def _page_parts(published: Published) -> Iterator[str]:
    yield _INTRODUCTION
    for name, suite in published.suites.items():
        # What was simulated is on the page on scale.
        cases = [case for case in suite.cases if case.name != SIMULATION]
        if not cases:
            continue
        yield f"## Run of {name[:10]}"
        yield circumstances(suite)
        yield from _warning(suite)
        for case in cases:
            yield case_as_markdown(case, cores=int(suite.machine["cores"]), heading="###")
    earlier = published.earlier
    yield f"## Earlier measurements ({earlier['when']})"
    yield str(earlier["about"])
    for group in earlier["groups"]:
        rows = tuple(tuple(map(str, row)) for row in group["rows"])
        table = Table(title=group["title"], header=("what", "result", "compared with"), rows=rows)
        yield f"### {table.title}"
        yield table_as_markdown(table)


def _warning(suite: Suite) -> Iterator[str]:
    ratios = [ratio for case in suite.cases for ratio in case.ratios if len(ratio.values) > 1]
    wide = sum(_range(ratio) > WIDEST_RANGE for ratio in ratios)
    if wide:
        yield f"**The machine was busy**: {wide} of {len(ratios)} ratios have a range of more than a quarter of their median."


def _figures_table(published: Published) -> Table:
    figures: list[Mapping[str, Any]] = published.readme["figures"]
    rows = tuple((one["label"], one["text"].format(_value(published, one)), one["beside"]) for one in figures)
    return Table(title="", header=("what", "figure", "beside"), rows=rows)


def _chart_groups(published: Published) -> Iterator[Group]:
    for group in published.readme["chart"]:
        bars = tuple(Bar(label=one["label"], speed=1 / _value(published, one)) for one in group["bars"])
        ours = Bar(label="pdfbatch", speed=1.0, is_ours=True)
        yield Group(title=group["title"], bars=(ours, *sorted(bars, key=lambda bar: -bar.speed)))


def _value(published: Published, figure: Mapping[str, Any]) -> float:
    """Return the median of the newest published ratio, else the value of earlier measurements.

    A ratio with a wide range is passed over: it was measured on a busy machine, and its median says little.
    """
    found = (ratio for ratio in _ratios(published, figure["case"]) if ratio.name == figure["ratio"])
    return next((ratio.median for ratio in found if _range(ratio) <= WIDEST_RANGE), float(figure["value"]))


def _range(ratio: Ratio) -> float:
    """Return the distance between smallest and largest value, as a share of the median."""
    distance = max(ratio.values) - min(ratio.values)
    return distance / ratio.median if distance else 0.0


def _ratios(published: Published, case: str) -> Iterator[Ratio]:
    for suite in published.suites.values():
        for one in suite.cases:
            if one.name == case:
                yield from (ratio for ratio in one.ratios if ratio.values)
