"""A further reading that fails, hangs, crashes or exhausts memory costs nothing that was read before it, and says so."""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from pdfbatch.common import AUTO
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import Document, DocumentExtras, DocumentResult, DocumentStatus, Page
from pdfbatch.ocr.two_readers import TwoReaders
from pdfbatch.ports import Box, OcrEngine, OpenDocument, OpenPage, PageFacts, Reading
from pdfbatch.processor import BatchProcessor
from pdfbatch.settings import Extraction, Limits, RetryPolicy
from pdfbatch.testing import Fault, commit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")

INCH = 72
LAYER = "The parties agree that this contract is in force until the end of the year. " * 5
ROOMY = 3 << 27  # bytes: more than a worker needs, and little enough to be used up soon


# --- documents that say by the size of a page which it is, and engines that see it -------------------------------------


@dataclass(frozen=True)
class Sheets:
    """A text engine: each word of a document after the first is a page, of some text or, where it is ``scan``, of print.

    The first word is how many inches high its pages are, so that each document has bytes of its own.
    """

    name: str = "sheets"
    version: str = "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        """Open a path."""
        assert isinstance(source, str)
        inches, *pages = Path(source).read_text(encoding="utf-8").split()
        yield Sheaf(pages, int(inches))


@dataclass(frozen=True)
class Sheaf:
    """The pages of a document."""

    words: Sequence[str]
    inches: int
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    extras: DocumentExtras = field(default_factory=DocumentExtras)

    @property
    def page_count(self) -> int:
        """A page for each word."""
        return len(self.words)

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        """A page as wide as its number says."""
        word = self.words[number - 1]
        yield Sheet("" if word == "scan" else LAYER, number, self.inches)


@dataclass(frozen=True)
class Sheet:
    """A page of text, or of a dark block."""

    words: str
    number: int
    inches: int

    def text(self) -> str:
        """Its text layer."""
        return self.words

    def text_boxes(self) -> Sequence[Box]:
        """None."""
        return ()

    def facts(self) -> PageFacts:
        """A scan is one image."""
        width, height = INCH * (self.number + 1), INCH * self.inches
        return PageFacts(
            width=width, height=height, glyphs=len(self.words), images=int(not self.words), image_coverage=1.0
        )

    def image(self, dpi: float) -> Image.Image:
        """A page with a block that is no pale."""
        width, height = round((self.number + 1) * dpi), round(self.inches * dpi)
        image = Image.new("L", (width, height), 255)
        image.paste(0, (width // 4, height // 4, width // 2, height // 2))
        return image


def place_of(image: Image.Image, dpi: int) -> tuple[int, int]:
    """The document and the page that an image is of."""
    return round(image.height / dpi), round(image.width / dpi) - 1


_has_grown: list[int] = []


@dataclass(frozen=True)
class First:
    """Reads every page, and is sure of none. On some pages it commits a fault, or finds no word."""

    faults: Mapping[tuple[int, int], Fault] = field(default_factory=dict[tuple[int, int], Fault])
    empty: frozenset[int] = frozenset()
    name: str = "first"
    version: str = "1"

    def check(self, languages: str) -> None:
        """All are there."""

    def list_languages(self) -> frozenset[str]:
        """Two."""
        return frozenset({"eng", "deu"})

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """What it reads is doubtful."""
        document, page = place_of(image, dpi)
        if (fault := self.faults.get((document, page))) is not None and (_has_grown or languages != "eng"):
            commit(fault)
        if page in self.empty:
            return Reading(text="", confidence=None, words=0)
        text = f"{GERMAN}page {page} by the first" if self.faults else f"page {page} by the first"
        return Reading(text=text, confidence=75, words=20, weak_share=0.1, letters=50)

    def orientation(self, image: Image.Image, *, timeout: float | None = None) -> int | None:
        """Not known."""
        return None


@dataclass(frozen=True)
class Crashing(First):
    """Reads as ``First``, but commits faults on some pages of some documents."""

    crashes: Mapping[tuple[int, int], Fault] = field(default_factory=dict[tuple[int, int], Fault])

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read, or do not."""
        if (fault := self.crashes.get(place_of(image, dpi))) is not None:
            commit(fault)
        return First.read(self, image, languages=languages, dpi=dpi, timeout=timeout)


@dataclass(frozen=True)
class Renewing(First):
    """Reads as ``First``; before it reads page 2 for the first time, somebody puts another document in place of this one."""

    document: str = ""

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read, and put the other one in place."""
        with suppress(FileNotFoundError):
            if place_of(image, dpi)[1] == 2:
                Path(f"{self.document}.new").replace(self.document)
        return First.read(self, image, languages=languages, dpi=dpi, timeout=timeout)


@dataclass(frozen=True)
class Second:
    """Reads better than the first, and commits faults on some pages of some documents, or on all (page 0)."""

    faults: Mapping[tuple[int, int], Fault]
    name: str = "second"
    version: str = "1"

    def check(self, languages: str) -> None:
        """All are there."""

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read, or do not."""
        document, page = place_of(image, dpi)
        _has_grown.append(page)
        if (fault := self.faults.get((document, page)) or self.faults.get((document, 0))) is not None:
            commit(fault)
        return Reading(text=f"page {page} by the second", confidence=95, words=20, letters=90)

    def orientation(self, image: Image.Image, *, timeout: float | None = None) -> int | None:
        """Not known."""
        return None


GERMAN = (
    "der Vertrag wird von den Parteien nicht und mit einer Frist von einem Monat aufgehoben, wenn sie es so wollen "
)


def shout(page: Page) -> Page:
    """A function of the caller's."""
    return replace(page, text=page.text.upper())


def read(
    folder: Path,
    pages: Mapping[int, str],
    engine: OcrEngine,
    *,
    limits: Limits = Limits(),
    extraction: Extraction = Extraction(),
    crash_attempts: int = 2,
    workers: int = 1,
) -> dict[int, DocumentResult]:
    """Read documents, given as a number and a word for each page."""
    for number, words in pages.items():
        (folder / f"{number}.sheets").write_text(f"{number} {words}", encoding="utf-8")
    processor = BatchProcessor(
        engine=Sheets(),
        second_engine=None,
        ocr_engine=engine,
        executor=ProcessExecutor(workers=workers) if workers else SequentialExecutor(),
        extraction=extraction,
        limits=limits,
        retry=RetryPolicy(crash_attempts=crash_attempts),
    )
    report = processor.run([Document(str(folder / f"{number}.sheets")) for number in pages])
    return {int(Path(result.document.file_path).stem): result for result in report.results}


def facts(result: DocumentResult) -> list[tuple[str, str]]:
    """The text of each page, and why a further reading failed."""
    return [(page.text, "" if page.ocr is None else page.ocr.failed_reading) for page in result.pages]


def first(page: int, cause: str = "") -> tuple[str, str]:
    return f"page {page} by the first", cause


def second(page: int) -> tuple[str, str]:
    return f"page {page} by the second", ""


# --- the tests ----------------------------------------------------------------------------------------------------------


LOSSES = {
    Fault.RAISE: "internal",
    Fault.RECURSION: "internal",
    Fault.SYSTEM_EXIT: "worker_lost",
    Fault.EXIT: "worker_lost",
    Fault.KILL: "worker_lost",
    Fault.SEGFAULT: "worker_lost",
    Fault.ABORT: "worker_lost",
    Fault.MEMORY: "memory_limit",
}


def test_whatever_a_second_reader_does_to_its_worker_the_first_reading_stays_and_says_why(tmp_path: Path) -> None:
    numbers = {fault: number for number, fault in enumerate(LOSSES, start=1)}
    engine = TwoReaders(first=First(), second=Second({(number, 2): fault for fault, number in numbers.items()}))
    found = read(tmp_path, dict.fromkeys(numbers.values(), "scan scan scan"), engine, limits=Limits(memory_bytes=ROOMY))
    for fault, cause in LOSSES.items():
        result = found[numbers[fault]]
        # Where memory ran out in the process itself, nothing says that the next page would not need as much.
        last = facts(result)[2]
        assert facts(result)[:2] == [second(1), first(2, cause)], fault
        assert last in ({second(3), first(3, cause)} if fault is Fault.MEMORY else {second(3)}), fault
        assert (result.status, result.counts.failed_pages) == (DocumentStatus.SUCCEEDED, 0), fault
        assert result.counts.failed_readings == 1 + (last != second(3)), fault


def test_a_second_reader_that_hangs_costs_the_time_of_its_page_and_no_text(tmp_path: Path) -> None:
    engine = TwoReaders(first=First(), second=Second({(1, 2): Fault.HANG, (2, 2): Fault.HANG_GIL}))
    found = read(tmp_path, dict.fromkeys((1, 2), "scan scan scan"), engine, limits=Limits(page_timeout=4), workers=2)
    for result in found.values():
        assert facts(result) == [second(1), first(2, "timeout"), second(3)]
        assert result.status is DocumentStatus.SUCCEEDED


def test_a_second_reader_that_hangs_until_the_documents_time_is_up_costs_what_was_not_read(tmp_path: Path) -> None:
    engine = TwoReaders(first=First(), second=Second({(1, 3): Fault.HANG_GIL, (2, 1): Fault.HANG_GIL}))
    limits = Limits(document_timeout=5, page_timeout=None)
    found = read(tmp_path, {1: "text scan scan scan text", 2: "scan"}, engine, limits=limits, workers=2)
    assert found[1].status is DocumentStatus.TIMED_OUT
    assert facts(found[1]) == [(LAYER, ""), second(2), first(3, "timeout"), ("", ""), (LAYER, "")]
    assert [page.reason for page in found[1].pages if not page.text] == ["timeout"]
    assert (found[2].status, facts(found[2])) == (DocumentStatus.SUCCEEDED, [first(1, "timeout")])


@pytest.mark.parametrize("crash_attempts", [1, 2])
def test_a_second_reader_that_always_crashes_gives_no_document_up(tmp_path: Path, crash_attempts: int) -> None:
    engine = TwoReaders(first=First(), second=Second({(1, 0): Fault.KILL}))
    result = read(tmp_path, {1: "scan scan scan scan"}, engine, crash_attempts=crash_attempts)[1]
    assert facts(result) == [first(page, "worker_lost") for page in range(1, 5)]
    assert (result.status, result.attempts) == (DocumentStatus.SUCCEEDED, crash_attempts + 1)


def test_parts_of_a_document_keep_their_first_readings_too(tmp_path: Path) -> None:
    engine = TwoReaders(first=First(), second=Second({(1, 0): Fault.KILL}))
    result = read(tmp_path, {1: "scan scan scan scan"}, engine, extraction=Extraction(part_pages=2))[1]
    assert facts(result) == [first(page, "worker_lost") for page in range(1, 5)]
    assert result.status is DocumentStatus.SUCCEEDED


def test_memory_that_a_second_reader_took_is_not_charged_to_the_page_that_comes_next(tmp_path: Path) -> None:
    # The first reader runs out of memory, but only in a process in which the second has read.
    engine = TwoReaders(first=First(faults={(1, 2): Fault.MEMORY}), second=Second({}))
    result = read(tmp_path, {1: "scan scan"}, engine, limits=Limits(memory_bytes=ROOMY))[1]
    assert [page.text.partition("page")[2] for page in result.pages] == [" 1 by the second", " 2 by the first"]
    assert facts(result)[1][1] == "memory_limit"
    assert result.status is DocumentStatus.SUCCEEDED


def test_what_stays_has_gone_through_the_callers_function(tmp_path: Path) -> None:
    engine = TwoReaders(first=First(), second=Second({(1, 1): Fault.KILL}))
    result = read(tmp_path, {1: "scan scan"}, engine, extraction=Extraction(page_transform=shout))[1]
    assert facts(result) == [("PAGE 1 BY THE FIRST", "worker_lost"), ("PAGE 2 BY THE SECOND", "")]


def test_no_page_stays_of_a_document_that_was_put_in_anothers_place_meanwhile(tmp_path: Path) -> None:
    document = tmp_path / "1.sheets"
    Path(f"{document}.new").write_text("1 text scan scan", encoding="utf-8")
    engine = TwoReaders(first=Renewing(document=str(document)), second=Second({(1, 2): Fault.KILL}))
    result = read(tmp_path, {1: "scan scan"}, engine)[1]
    assert facts(result) == [(LAYER, ""), first(2, "worker_lost"), first(3, "worker_lost")]


def test_workers_lost_at_further_readings_are_not_those_that_a_document_may_cost(tmp_path: Path) -> None:
    faults = {(1, 3): Fault.KILL}
    engine = TwoReaders(first=Crashing(crashes=faults), second=Second({(1, 1): Fault.KILL, (1, 2): Fault.KILL}))
    result = read(tmp_path, {1: "scan scan scan scan"}, engine)[1]
    lost = "worker_lost"
    assert facts(result) == [first(1, lost), first(2, lost), ("", ""), first(4, lost)]
    assert (result.status, result.pages[2].reason) == (DocumentStatus.PARTIAL, lost)


def test_a_page_with_more_text_than_is_allowed_does_not_stay_either(tmp_path: Path) -> None:
    engine = TwoReaders(first=First(), second=Second({(1, 2): Fault.KILL}))
    result = read(tmp_path, {1: "scan scan"}, engine, limits=Limits(max_text_bytes=len(second(1)[0])))[1]
    assert facts(result) == [second(1), ("", "")]


def test_a_page_of_which_the_first_reading_has_no_word_fails_with_the_second(tmp_path: Path) -> None:
    engine = TwoReaders(first=First(empty=frozenset({1, 2})), second=Second({(1, 1): Fault.KILL, (1, 2): Fault.RAISE}))
    result = read(tmp_path, {1: "scan scan scan"}, engine)[1]
    assert [page.reason for page in result.pages] == ["worker_lost", "internal", "no-text-layer"]
    assert facts(result)[2] == second(3)
    assert result.status is DocumentStatus.PARTIAL


def test_a_reading_in_another_language_that_ends_the_worker_leaves_the_first_one(tmp_path: Path) -> None:
    first_reader = First(faults={(1, 1): Fault.KILL, (2, 1): Fault.RAISE})
    found = read(tmp_path, {1: "scan", 2: "scan"}, first_reader, extraction=Extraction(languages=AUTO))
    for number, cause in ((1, "worker_lost"), (2, "internal")):
        assert facts(found[number]) == [(f"{GERMAN}page 1 by the first", cause)]


def test_in_the_process_of_the_caller_the_first_reading_stays_too(tmp_path: Path) -> None:
    engine = TwoReaders(first=First(), second=Second({(1, 1): Fault.RAISE}))
    result = read(tmp_path, {1: "scan scan"}, engine, workers=0)[1]
    assert facts(result) == [first(1, "internal"), second(2)]
