"""The picture of the simulation: throughput against workers, with what limits each road, and the tail."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from benchmarks.results import CaseResult, Table

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 760, 310, 66, 190, 44, 44, 16
_LINE = 15
_COLOURS = ("#0969da", "#bf3989", "#bc4c00", "#1a7f6b", "#6e40c9")
_STYLE = """\
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a; }
.title { font-weight: 600; font-size: 13px; fill: #24292f; }
.grid { stroke: #d0d7de; stroke-width: 1; } .ideal { stroke: #8c959f; stroke-dasharray: 3 4; fill: none; }
path { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
text { fill: #9aa4af; } .title { fill: #e6edf3; } .grid { stroke: #30363d; } .ideal { stroke: #6e7681; } }"""


@dataclass(frozen=True, slots=True)
class Curve:
    """A road: points of workers and a value, and what stands at its end."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves over one pair of axes, both of which count in tens."""

    title: str
    unit: str
    curves: tuple[Curve, ...]
    with_ideal: bool = False


def draw_scale_chart(case: CaseResult) -> str:
    """Return the SVG. The background stays transparent."""
    panels = tuple(_panels(find_table(case, "curves")))
    body: list[str] = []
    for number, panel in enumerate(panels):
        body += _draw(panel, number * (_HEIGHT + _GAP))
    height = len(panels) * (_HEIGHT + _GAP)
    label = "; ".join(
        f"{panel.title}: {', '.join(f'{one.label} {one.points[-1][1]:,.0f}' for one in panel.curves)}"
        for panel in panels
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(label)}">\n<style>\n{_STYLE}\n</style>\n' + "\n".join(body) + "\n</svg>\n"
    )


def find_table(case: CaseResult, title: str) -> Table:
    """Return a table of a case by its title."""
    return next(table for table in case.tables if table.title == title)


def _panels(curves: Table) -> Iterator[Panel]:
    for load, title in (("text", "Documents with text"), ("mixed", "With the corpus's share of OCR pages")):
        yield Panel(title, "documents a second", tuple(_curves(curves, load, "docs/s", "limit")), with_ideal=True)
    yield Panel("The tail, with OCR: from the last piece handed out to the end", "seconds", tuple(_tails(curves)))


def _curves(table: Table, load: str, value: str, ending: str) -> Iterator[Curve]:
    at = {name: number for number, name in enumerate(table.header)}
    rows = [row for row in table.rows if row[at["load"]] == load]
    for road in dict.fromkeys(row[at["road"]] for row in rows):
        own = [row for row in rows if row[at["road"]] == road]
        points = tuple((float(row[at["workers"]]), float(row[at[value]])) for row in own)
        yield Curve(f"{road}: {own[-1][at[ending]]}" if ending else road, points)


def _tails(table: Table) -> Iterator[Curve]:
    for curve in _curves(table, "mixed", "tail s", ""):
        yield Curve(curve.label, tuple((workers, max(1.0, seconds)) for workers, seconds in curve.points))


def _draw(panel: Panel, top: int) -> Iterator[str]:
    points = [point for curve in panel.curves for point in curve.points]
    right, bottom = _WIDTH - _RIGHT, top + _HEIGHT - _BOTTOM
    columns = (1.0, max(workers for workers, _ in points))
    values = [value for _, value in points if value > 0]
    rows = (10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values))))

    def x(workers: float) -> float:
        return _LEFT + (right - _LEFT) * math.log(workers / columns[0]) / math.log(columns[1] / columns[0])

    def y(value: float) -> float:
        return bottom - (bottom - top - _TOP) * math.log(value / rows[0]) / math.log(rows[1] / rows[0])

    yield f'<text class="title" x="0" y="{top + 16}">{escape(panel.title)}</text>'
    for tick in _tens(*rows):
        yield f'<line class="grid" x1="{_LEFT}" y1="{y(tick):.1f}" x2="{right}" y2="{y(tick):.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:,.10g}</text>'
    for tick in _tens(*columns):
        yield f'<line class="grid" x1="{x(tick):.1f}" y1="{top + _TOP}" x2="{x(tick):.1f}" y2="{bottom}"/>'
        yield f'<text x="{x(tick):.1f}" y="{bottom + 17}" text-anchor="middle">{tick:,.0f}</text>'
    yield f'<text x="{_LEFT}" y="{top + _TOP - 6}">{escape(panel.unit)}</text>'
    yield f'<text x="{(right + _LEFT) / 2:.0f}" y="{bottom + 34}" text-anchor="middle">workers (cores)</text>'
    if panel.with_ideal:
        first = max(curve.points[0][1] / curve.points[0][0] for curve in panel.curves)
        most = min(columns[1], rows[1] / first)
        yield f'<path class="ideal" d="M{x(1):.1f} {y(first):.1f} L{x(most):.1f} {y(first * most):.1f}"/>'
    places = _apart([y(curve.points[-1][1]) for curve in panel.curves])
    for curve, colour, place in zip(panel.curves, _COLOURS, places, strict=False):
        line = " L".join(f"{x(workers):.1f} {y(value):.1f}" for workers, value in curve.points)
        yield f'<path d="M{line}" stroke="{colour}"/>'
        yield f'<text x="{right + 8}" y="{place + 4:.1f}" style="fill: {colour}">{escape(curve.label)}</text>'


def _tens(lowest: float, highest: float) -> Iterator[float]:
    tick = 10.0 ** math.ceil(math.log10(lowest) - 1e-9)
    while tick <= highest * 1.0001:
        yield tick
        tick *= 10


def _apart(places: Sequence[float]) -> list[float]:
    """Move labels apart that would stand on each other."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + _LINE)
    return moved
