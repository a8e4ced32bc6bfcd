"""The figures of the page on scale, from the results of a simulation."""

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.results import CaseResult, Table
from benchmarks.simulation.chart import find_table
from benchmarks.tables import table_as_markdown

PAGE = Path("docs/explanation/scale.md")
CHART = Path("docs/explanation/scale.svg")
PILE, MANY, MOST, MACHINE = 100_000_000, 1024, 10_000, 16
NIGHT_HOURS = 10
_BLOCK = re.compile(r"<!-- (\w+), written by: python -m benchmarks publish -->\n.*?<!-- end of \1 -->", re.DOTALL)


def fill_page(text: str, case: CaseResult) -> str:
    """Return the page with all its blocks of figures written anew."""
    blocks = make_blocks(case)
    return _BLOCK.sub(lambda found: _block(found[1], blocks[found[1]]), text)


def make_blocks(case: CaseResult) -> dict[str, str]:
    """Return the blocks by their names."""
    return {
        "machine": _machine(case),
        "plan": table_as_markdown(_plan(case)),
        **{name: table_as_markdown(find_table(case, name)) for name in ("ceilings", "books", "measured", "assumed")},
    }


def _block(name: str, content: str) -> str:
    return f"<!-- {name}, written by: python -m benchmarks publish -->\n\n{content}\n\n<!-- end of {name} -->"


def _rows(case: CaseResult) -> list[Mapping[str, str]]:
    curves = find_table(case, "curves")
    return [dict(zip(curves.header, row, strict=True)) for row in curves.rows]


def _machine(case: CaseResult) -> str:
    pages = {
        row["load"]: float(row["M pages/h"]) * NIGHT_HOURS
        for row in _rows(case)
        if row["road"] == "shards" and int(row["workers"]) == MACHINE
    }
    return (
        f"**{MACHINE} cores read {pages['text']:,.0f} million pages of text in a night of {NIGHT_HOURS} hours, or "
        f"{pages['mixed']:,.1f} million where the corpus's share of them needs OCR.**"
    )


def _plan(case: CaseResult) -> Table:
    """Return a row for each road: hours for the whole pile, tail, and dollars."""
    found = {(row["load"], row["road"], int(row["workers"])): row for row in _rows(case)}
    rows = [
        (
            f"{load}: {road}",
            f"{_hours(found[load, road, MANY])}, {found[load, road, MANY]['limit']}",
            f"{_hours(found[load, road, MOST])}, {found[load, road, MOST]['limit']}",
            f"{float(found[load, road, MANY]['tail s']):,.0f}",
            f"{float(found[load, road, MANY]['$ CPU']):,.2f}",
            f"{float(found[load, road, MANY]['$ requests']):,.2f}",
        )
        for load, road, workers in found
        if workers == MANY
    ]
    header = ("", f"{MANY:,} workers, hours", f"{MOST:,} workers, hours", "tail, s", "$ cores", "$ requests")
    return Table(title="plan", header=header, rows=tuple(rows))


def _hours(row: Mapping[str, str]) -> str:
    return f"{PILE / float(row['docs/s']) / 3600:,.1f}"
