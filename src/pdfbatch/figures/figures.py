"""Add up, in bounded space, what people want to see of a batch: when documents ended, how long they took, why they failed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappush, heapreplace
from threading import Lock
from typing import NamedTuple, cast

from pdfbatch.common import without_credentials
from pdfbatch.errors import Cause
from pdfbatch.figures.html import clip
from pdfbatch.figures.scales import Durations, Timeline, as_mapping, as_seconds, is_count
from pdfbatch.model import DocumentResult, DocumentStatus

FIGURES_VERSION = 1
SLOWEST = 20
_NAME_CHARACTERS, _MESSAGE_CHARACTERS = 300, 300
_MOST_NAMES = 64
_REUSED = (DocumentStatus.SKIPPED, DocumentStatus.DUPLICATE)


class Example(NamedTuple):
    """A failed document: its path, its id, and what happened."""

    name: str
    document_uuid: str
    message: str


class Slow(NamedTuple):
    """A document that took long: seconds of workers, pages, its path and its id."""

    seconds: float
    pages: int
    name: str
    document_uuid: str


@dataclass(slots=True)
class Figures:
    """The figures of one batch. One thread adds; any thread may read.

    ``statuses`` counts documents by status, ``sources`` and ``reasons`` pages, ``causes`` failed documents. Of each cause the
    first ``examples_kept`` documents are kept, and the ``SLOWEST`` of all. Documents whose text was there already (skipped
    ones and duplicates) are counted by their status only. What they hold is some tens of kilobytes, however long the batch.
    """

    examples_kept: int = 10
    statuses: Counter[str] = field(default_factory=Counter[str])
    sources: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])
    causes: Counter[str] = field(default_factory=Counter[str])
    examples: dict[str, list[Example]] = field(default_factory=dict[str, list[Example]])
    timeline: Timeline = field(default_factory=Timeline)
    document_seconds: Durations = field(default_factory=Durations)
    page_seconds: Durations = field(default_factory=Durations)
    _noted: tuple[int, int] | None = None
    _slowest: list[Slow] = field(default_factory=list[Slow])
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def add(self, result: DocumentResult, moment: float) -> None:
        """Add a document that ended at a moment, in seconds since the epoch. Takes microseconds."""
        with self._lock:
            self.statuses[str(result.status)] += 1
            if not result.status.ok:
                self._add_failure(result)
            if result.status in _REUSED:
                return
            counts, seconds = result.counts, result.duration_seconds
            sources = self.sources
            sources["text layer"] += counts.text_pages
            sources["OCR"] += counts.ocr_pages
            sources["failed"] += counts.failed_pages
            sources["without text"] += max(0, counts.pages - counts.text_pages - counts.ocr_pages - counts.failed_pages)
            self.reasons.update(counts.reasons)
            # Pages that were noted as they were read are not counted once more.
            pages = (counts.pages, counts.ocr_pages) if self._noted is None else (0, 0)
            self.timeline.add(moment, 1, *pages)
            self.document_seconds.add(seconds)
            if counts.pages:
                self.page_seconds.add(seconds / counts.pages)
            self._add_slow(result)

    def count_skipped(self, number: int) -> None:
        """Add so many documents that earlier batches finished: as ``add``, together."""
        with self._lock:
            self.statuses[str(DocumentStatus.SKIPPED)] += number

    def note_pages(self, pages: int, ocr_pages: int, moment: float) -> None:
        """Note how many pages have been read by a moment, those of documents in flight among them.

        Whoever calls this calls it from the first document on, so that the timeline shows pages when they are read.
        """
        with self._lock:
            before, ocr_before = self._noted or (0, 0)
            if pages > before or ocr_pages > ocr_before:
                self.timeline.add(moment, 0, max(0, pages - before), max(0, ocr_pages - ocr_before))
            self._noted = max(pages, before), max(ocr_pages, ocr_before)

    @property
    def slowest(self) -> list[Slow]:
        """The documents that took longest, the longest first."""
        with self._lock:
            return sorted(self._slowest, reverse=True)

    def as_dict(self, *, show_paths: bool = True) -> dict[str, object]:
        """Return the figures as JSON-ready data.

        Without paths, documents have their ids only, and messages, which name them, are left out.
        """
        with self._lock:
            examples, slowest = self.examples, sorted(self._slowest, reverse=True)
            if not show_paths:
                examples = {
                    cause: [one._replace(name="", message="") for one in some] for cause, some in examples.items()
                }
                slowest = [one._replace(name="") for one in slowest]
            return {
                "version": FIGURES_VERSION,
                "statuses": dict(self.statuses),
                "sources": dict(self.sources),
                "reasons": dict(self.reasons),
                "causes": dict(self.causes),
                "examples": {cause: [list(one) for one in some] for cause, some in examples.items()},
                "slowest": [list(one) for one in slowest],
                "timeline": self.timeline.as_dict(),
                "document_seconds": list(self.document_seconds.counts),
                "page_seconds": list(self.page_seconds.counts),
            }

    @classmethod
    def from_dict(cls, data: object) -> "Figures":
        """Return the figures in data from elsewhere. What is none of them is left out, whatever it is."""
        found = as_mapping(data)
        if found.get("version") != FIGURES_VERSION:
            return cls()
        return cls(
            statuses=_counter(found.get("statuses")),
            sources=_counter(found.get("sources")),
            reasons=_counter(found.get("reasons")),
            causes=_counter(found.get("causes")),
            examples=_examples(found.get("examples")),
            timeline=Timeline.from_dict(found.get("timeline")),
            document_seconds=Durations.from_list(found.get("document_seconds")),
            page_seconds=Durations.from_list(found.get("page_seconds")),
            _slowest=_slowest(found.get("slowest")),
        )

    def _add_failure(self, result: DocumentResult) -> None:
        failure = result.failure
        cause = str(Cause.INTERNAL if failure is None else failure.cause)
        self.causes[cause] += 1
        examples = self.examples.setdefault(cause, [])
        if len(examples) < self.examples_kept:
            message = "no reason was given" if failure is None else failure.message
            examples.append(Example(*_identity(result), clip(message, _MESSAGE_CHARACTERS)))

    def _add_slow(self, result: DocumentResult) -> None:
        slowest, seconds = self._slowest, round(result.duration_seconds, 3)
        if len(slowest) < SLOWEST:
            heappush(slowest, Slow(seconds, result.counts.pages, *_identity(result)))
        elif seconds > slowest[0].seconds:
            heapreplace(slowest, Slow(seconds, result.counts.pages, *_identity(result)))


def _identity(result: DocumentResult) -> tuple[str, str]:
    document = result.document
    name = without_credentials(document.file_path) if "://" in document.file_path else document.file_path
    return clip(name, _NAME_CHARACTERS), clip(document.document_uuid, _NAME_CHARACTERS)


def _counter(data: object) -> Counter[str]:
    rows = list(as_mapping(data).items())[:_MOST_NAMES]
    return Counter({clip(name, _NAME_CHARACTERS): cast("int", count) for name, count in rows if is_count(count)})


def _rows(data: object, length: int) -> list[list[object]]:
    rows = cast("list[object]", data) if isinstance(data, list) else []
    lists = [cast("list[object]", row) for row in rows[:_MOST_NAMES] if isinstance(row, list)]
    return [row for row in lists if len(row) == length]


def _examples(data: object) -> dict[str, list[Example]]:
    found: Mapping[str, object] = as_mapping(data)
    return {
        clip(cause, _NAME_CHARACTERS): [
            Example(*(clip(str(value), _MESSAGE_CHARACTERS) for value in row)) for row in _rows(rows, 3)
        ]
        for cause, rows in list(found.items())[:_MOST_NAMES]
    }


def _slowest(data: object) -> list[Slow]:
    return sorted(
        Slow(as_seconds(row[0]), cast("int", row[1]), *(clip(str(value), _NAME_CHARACTERS) for value in row[2:]))
        for row in _rows(data, 4)
        if is_count(row[1])
    )
