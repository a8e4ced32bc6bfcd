"""Pictures of results, as PNG and SVG, by matplotlib."""

import importlib.util
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol, cast

from benchmarks.results import CaseResult, Entry, Run

_OURS, _PEERS, _LIMITS = "#1f6feb", "#e0823d", "#9aa4b2"
_FORMATS = ("png", "svg")


class _Axes(Protocol):
    """Types for the part of matplotlib's axes that is used here."""

    def barh(self, y: Sequence[str], width: Sequence[float], **looks: object) -> object: ...

    def bar_label(self, container: object, labels: Sequence[str], *, padding: float, fontsize: float) -> object: ...

    def plot(self, x: Sequence[float], y: Sequence[float], *style: str, label: str, **looks: object) -> object: ...

    def set_xlabel(self, xlabel: str) -> object: ...

    def set_ylabel(self, ylabel: str) -> object: ...

    def set_xlim(self, left: float, right: float) -> object: ...

    def set_ylim(self, *, bottom: float) -> object: ...

    def set_xticks(self, ticks: Sequence[float], labels: Sequence[str] = ...) -> object: ...

    def set_title(self, label: str, *, fontsize: float, loc: str) -> object: ...

    def legend(self, **looks: object) -> object: ...


class _Figure(Protocol):
    def subplots(self, nrows: int, *, squeeze: bool, height_ratios: Sequence[float]) -> Sequence[Sequence[_Axes]]: ...

    def add_subplot(self) -> _Axes: ...

    def suptitle(self, t: str, *, fontsize: float, wrap: bool) -> object: ...

    def savefig(self, fname: Path, *, dpi: int) -> None: ...


def write_plots(folder: Path, case: CaseResult) -> list[Path]:
    """Draw the pictures of a case and return their files; none if matplotlib is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        return []
    files: list[Path] = []
    groups = _groups([entry for entry in case.entries if entry.has_run])
    if sum(map(len, groups.values())) > 1:
        files += _save(_bars(case, groups), folder / case.name)
    curves = {name: entries for name, entries in groups.items() if _is_curve(entries)}
    if curves:
        files += _save(_curves(case, curves), folder / f"{case.name}-workers")
    if any(run.series for entry in case.entries for run in entry.runs):
        files += _save(_memory(case), folder / f"{case.name}-memory")
    return files


def _groups(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Group entries that can be compared: they are called ``GROUP: NAME``."""
    if not all(": " in entry.name for entry in entries):
        return {"": list(entries)}
    return {name: list(group) for name, group in groupby(entries, key=lambda entry: entry.name.partition(": ")[0])}


def _is_curve(entries: Sequence[Entry]) -> bool:
    return len({entry.workers for entry in entries}) == len(entries) > 2


def _bars(case: CaseResult, groups: dict[str, list[Entry]]) -> _Figure:
    """Draw documents an hour, the best on top, with the range of the runs."""
    sizes = [1 + len(entries) for entries in groups.values()]
    figure = _figure(case, 10, 0.8 + 0.36 * sum(sizes))
    rows = figure.subplots(len(groups), squeeze=False, height_ratios=sizes)
    for (axes,), (name, entries) in zip(rows, groups.items(), strict=True):
        ordered = sorted(entries, key=lambda entry: entry.median(_rate))
        middle = [entry.median(_rate) for entry in ordered]
        rates = [[_rate(run) for run in entry.runs if not run.error] for entry in ordered]
        spans = [
            [value - min(rate) for value, rate in zip(middle, rates, strict=True)],
            [max(rate) - value for value, rate in zip(middle, rates, strict=True)],
        ]
        labels = [entry.name.removeprefix(f"{name}: ") for entry in ordered]
        colours = list(map(_colour, ordered))
        bars = axes.barh(labels, middle, xerr=spans, color=colours, ecolor="#444", capsize=2)
        axes.bar_label(bars, [f"{value:,.0f}" for value in middle], padding=4, fontsize=8)
        axes.set_xlim(0, max(middle) * 1.15)
        axes.set_xticks([])
        axes.set_title(name, fontsize=9, loc="left")
    rows[-1][0].set_xlabel("documents an hour (blue: pdfbatch, orange: peers, grey: plain loops)")
    return figure


def _curves(case: CaseResult, curves: dict[str, list[Entry]]) -> _Figure:
    """Draw the gain by more workers beside the ideal."""
    figure = _figure(case, 7, 4.5)
    axes = figure.add_subplot()
    for name, entries in curves.items():
        ordered = sorted(entries, key=lambda entry: entry.workers)
        first = ordered[0].median(_rate) / ordered[0].workers
        axes.plot(
            [e.workers for e in ordered], [e.median(_rate) / first for e in ordered], "o-", label=name or case.name
        )
    counts = sorted({entry.workers for entries in curves.values() for entry in entries})
    axes.plot(counts, counts, ":", label="as many times as workers", color="#888")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.set_xlabel("workers")
    axes.set_ylabel("documents an hour, by those of one worker")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def _memory(case: CaseResult) -> _Figure:
    figure = _figure(case, 8, 4)
    axes = figure.add_subplot()
    for entry in case.entries:
        for run in entry.runs[:1]:
            if run.series:
                axes.plot(run.series["documents"], run.series["resident_mb"], label=entry.name)
    axes.set_xlabel("documents")
    axes.set_ylabel("resident memory of the parent, MB")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def _figure(case: CaseResult, width: float, height: float) -> _Figure:
    from matplotlib.figure import Figure

    figure = cast("_Figure", Figure(figsize=(width, height), layout="constrained"))
    figure.suptitle(f"{case.name}: {case.setting}", fontsize=8, wrap=True)
    return figure


def _colour(entry: Entry) -> str:
    return _PEERS if entry.peer else _OURS if entry.ours else _LIMITS


def _save(figure: _Figure, stem: Path) -> list[Path]:
    files = [stem.with_suffix(f".{suffix}") for suffix in _FORMATS]
    for file in files:
        figure.savefig(file, dpi=150)
    return files


def _rate(run: Run) -> float:
    return run.documents_per_hour
