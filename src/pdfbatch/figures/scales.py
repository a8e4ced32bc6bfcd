"""Counts along a scale, in bounded space: of documents over time, and of durations by their length."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

MOST_BINS = 240
_END_OF_DATES = 253_402_300_800.0  # the year 10000
_MOST_COUNT = 10**15

EDGES: tuple[float, ...] = tuple(round(digit * 10.0**power, 4) for power in range(-3, 4) for digit in (1, 2, 5))
"""Upper limits of the classes of durations, in seconds; the last class has none."""


class Bin(NamedTuple):
    """What ended in a span of time: its beginning (seconds since the epoch), documents, pages, and those by OCR."""

    start: float
    documents: int
    pages: int
    ocr_pages: int


@dataclass(slots=True)
class Timeline:
    """What ended when, in at most ``MOST_BINS`` spans of ``width`` seconds, which grow with the time between first and last."""

    width: int = 1
    _bins: dict[int, list[int]] = field(default_factory=dict[int, list[int]])

    def add(self, moment: float, documents: int, pages: int, ocr_pages: int) -> None:
        """Count what ended at a moment, in seconds since the epoch."""
        if not 0 <= moment < _END_OF_DATES:
            return
        number = int(moment // self.width)
        found = self._bins.get(number)
        if found is None:
            self._bins[number] = [0, 0, 0]
            while max(self._bins) - min(self._bins) >= MOST_BINS:
                self._widen()
            found = self._bins[int(moment // self.width)]
        found[0] += documents
        found[1] += pages
        found[2] += ocr_pages

    def bins(self) -> Iterator[Bin]:
        """Yield the spans from the first to the last, empty ones among them."""
        if self._bins:
            for number in range(min(self._bins), max(self._bins) + 1):
                yield Bin(number * self.width, *self._bins.get(number, (0, 0, 0)))

    def _widen(self) -> None:
        self.width *= 2
        bins = dict[int, list[int]]()
        for number, counts in self._bins.items():
            mine = bins.setdefault(number // 2, [0, 0, 0])
            for place, count in enumerate(counts):
                mine[place] += count
        self._bins = bins

    def as_dict(self) -> dict[str, object]:
        """Return the timeline as JSON-ready data."""
        return {"width": self.width, "bins": [[number, *counts] for number, counts in sorted(self._bins.items())]}

    @classmethod
    def from_dict(cls, data: object) -> "Timeline":
        """Return the timeline in data from elsewhere; an empty one for what is none."""
        found = as_mapping(data)
        width, rows = found.get("width"), found.get("bins")
        bins = dict[int, list[int]]()
        if type(width) is int and 1 <= width < 2**40 and isinstance(rows, list):
            for row in cast("list[object]", rows)[:MOST_BINS]:
                numbers = cast("list[object]", row) if isinstance(row, list) else []
                if len(numbers) == 4 and all(map(is_count, numbers)):
                    number, *counts = cast("list[int]", numbers)
                    bins[number] = counts
        if not bins or max(bins) - min(bins) >= MOST_BINS or (max(bins) + 1) * cast("int", width) > _END_OF_DATES:
            return cls()
        return cls(cast("int", width), bins)


@dataclass(slots=True)
class Durations:
    """How many durations were how long, by the classes of ``EDGES``."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))

    def add(self, seconds: float) -> None:
        """Count a duration."""
        self.counts[bisect_left(EDGES, seconds)] += 1

    def rows(self) -> Sequence[tuple[str, int]]:
        """Return the classes from the first to the last that has any, each with its name and count."""
        there = [number for number, count in enumerate(self.counts) if count]
        if not there:
            return ()
        return [(_name_class(number), self.counts[number]) for number in range(there[0], there[-1] + 1)]

    @classmethod
    def from_list(cls, data: object) -> "Durations":
        """Return the durations in data from elsewhere; none for what is none."""
        numbers = cast("list[object]", data) if isinstance(data, list) else []
        if len(numbers) != len(EDGES) + 1 or not all(map(is_count, numbers)):
            return cls()
        return cls(cast("list[int]", numbers))


def is_count(value: object) -> bool:
    """Return whether a value from elsewhere is a count that can be shown."""
    return type(value) is int and 0 <= value < _MOST_COUNT


def as_mapping(value: object) -> Mapping[str, object]:
    """Return a value from elsewhere if it is an object of JSON, else an empty one."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def as_seconds(value: object) -> float:
    """Return a value from elsewhere if it is a duration that can be shown, else 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value) if 0 <= value < _MOST_COUNT else 0.0


def _name_class(number: int) -> str:
    if number == len(EDGES):
        return f"over {EDGES[-1]:g} s"
    return f"to {_name_seconds(EDGES[number])}"


def _name_seconds(seconds: float) -> str:
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"
