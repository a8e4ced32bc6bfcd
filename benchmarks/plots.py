"""Results as pictures: PNG and SVG, by matplotlib."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from benchmarks.results import CaseResult, Entry, Run

_OURS, _OTHERS = "#1f6feb", "#9aa4b2"
_FORMATS = ("png", "svg")


class _Axes(Protocol):
    """What is used of matplotlib's axes, with its types."""

    def barh(self, y: Sequence[str], width: Sequence[float], **looks: object) -> object: ...

    def plot(self, x: Sequence[float], y: Sequence[float], *, label: str) -> object: ...

    def set_xlabel(self, xlabel: str) -> object: ...

    def set_ylabel(self, ylabel: str) -> object: ...

    def set_ylim(self, *, bottom: float) -> object: ...

    def set_title(self, label: str, *, fontsize: float, wrap: bool) -> object: ...

    def legend(self) -> object: ...


class _Figure(Protocol):
    def add_subplot(self) -> _Axes: ...

    def savefig(self, fname: Path, *, dpi: int) -> None: ...


def write_plots(folder: Path, case: CaseResult) -> list[Path]:
    """Pictures of a case that has contestants or numbers over time; the files, none when matplotlib is not there."""
    if importlib.util.find_spec("matplotlib") is None:
        return []
    files: list[Path] = []
    entries = [entry for entry in case.entries if entry.done]
    if len(entries) > 1:
        figure = _figure(9, 1 + 0.38 * len(entries))
        _bars(figure.add_subplot(), case, entries)
        files += _saved(figure, folder / case.name)
    if any(run.series for entry in entries for run in entry.runs):
        figure = _figure(8, 4)
        _memory(figure.add_subplot(), case, entries)
        files += _saved(figure, folder / f"{case.name}-memory")
    return files


def _figure(width: float, height: float) -> _Figure:
    from matplotlib.figure import Figure

    return cast("_Figure", Figure(figsize=(width, height), layout="constrained"))


def _bars(axes: _Axes, case: CaseResult, entries: Sequence[Entry]) -> None:
    """Pages an hour, the best on top, with the range of the runs."""
    ordered = sorted(entries, key=lambda entry: entry.median(_rate))
    middle = [entry.median(_rate) for entry in ordered]
    below = [value - min(map(_rate, entry.runs)) for entry, value in zip(ordered, middle, strict=True)]
    above = [max(map(_rate, entry.runs)) - value for entry, value in zip(ordered, middle, strict=True)]
    colours = [_OURS if "pdfbatch" in entry.name else _OTHERS for entry in ordered]
    axes.barh([entry.name for entry in ordered], middle, xerr=[below, above], color=colours, ecolor="#444", capsize=3)
    axes.set_xlabel("pages an hour")
    axes.set_title(f"{case.name}: {case.setting}", fontsize=8, wrap=True)


def _memory(axes: _Axes, case: CaseResult, entries: Sequence[Entry]) -> None:
    for entry in entries:
        for run in entry.runs[:1]:
            if run.series:
                axes.plot(run.series["documents"], run.series["resident_mb"], label=entry.name)
    axes.set_xlabel("documents")
    axes.set_ylabel("resident memory of the parent, MB")
    axes.set_ylim(bottom=0)
    axes.set_title(f"{case.name}: {case.setting}", fontsize=8, wrap=True)
    axes.legend()


def _saved(figure: _Figure, stem: Path) -> list[Path]:
    files = [stem.with_suffix(f".{suffix}") for suffix in _FORMATS]
    for file in files:
        figure.savefig(file, dpi=150)
    return files


def _rate(run: Run) -> float:
    return run.pages_per_hour if not run.error else 0.0
