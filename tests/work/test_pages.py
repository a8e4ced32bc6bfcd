"""Pages of real PDFs, read by real tesseract through a batch: which are read by OCR, why, how, and within which limits."""

import io
import tempfile
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.errors import Cause, DependencyError
from pdfbatch.executors.process import ProcessExecutor
from pdfbatch.executors.sequential import SequentialExecutor
from pdfbatch.model import Document, DocumentExtras, DocumentResult, DocumentStatus, Page
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ports import Box, OcrEngine, OpenDocument, OpenPage, PageFacts, Reading, TextEngine
from pdfbatch.processor import BatchProcessor
from pdfbatch.samples import blank_pdf, letter, mixed_pdf, scanned_pdf, text_pdf
from pdfbatch.samples.scans import draw_page
from pdfbatch.settings import Extraction, Limits
from pdfbatch.tasks import ReadTask
from pdfbatch.testing.pdfs import make_image, make_page_pdf, make_unicode_pdf, show_text
from pdfbatch.testing.pictures import join_words
from pdfbatch.work import DocumentWork
from pdfbatch.work.page_rules import PREVIEW_DPI
from tests.ocr.conftest import Program
from tests.stand_ins import EchoOcr

SCAN = scanned_pdf(["This sheet was scanned and holds a single line of print."])
STAMPED = mixed_pdf([], ["The order of the court is on the picture under the stamp."], stamp="EXHIBIT C-")
WORDS = b"Letters that look right and mean nothing"
GARBAGE = make_unicode_pdf(WORDS, [(code, "\ue000") for code in sorted(set(WORDS))])
TITLE = text_pdf(["REPORT"])


@dataclass
class Recorder:
    """Draws with pdfium and notes each drawing; how many of its pictures are alive when it draws the next one, too."""

    engine: TextEngine = field(default_factory=PdfiumEngine)
    drawn: list[float] = field(default_factory=list[float])
    alive: list[int] = field(default_factory=list[int])
    pictures: list["weakref.ref[Image.Image]"] = field(default_factory=list["weakref.ref[Image.Image]"])
    sizes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    name: str = "recorder"
    version: str = "1"

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        """As pdfium does."""
        with self.engine.open(source, password=password, annotations=annotations) as document:
            yield RecordedDocument(document, self)


@dataclass
class RecordedDocument:
    """A document whose pages are recorded."""

    plain: OpenDocument
    recorder: Recorder

    @property
    def page_count(self) -> int:
        """As pdfium says."""
        return self.plain.page_count

    @property
    def metadata(self) -> Mapping[str, str]:
        """As pdfium says."""
        return self.plain.metadata

    @property
    def extras(self) -> DocumentExtras:
        """As pdfium says."""
        return self.plain.extras

    @contextmanager
    def page(self, number: int) -> Generator[OpenPage]:
        """A page that is recorded."""
        with self.plain.page(number) as page:
            yield RecordedPage(page, self.recorder)


@dataclass
class RecordedPage:
    """A page that notes how it is drawn."""

    plain: OpenPage
    recorder: Recorder

    def text(self) -> str:
        """As pdfium reads it."""
        return self.plain.text()

    def text_boxes(self) -> Sequence[Box]:
        """As pdfium says."""
        return self.plain.text_boxes()

    def facts(self) -> PageFacts:
        """As pdfium says."""
        return self.plain.facts()

    def image(self, dpi: float) -> Image.Image:
        """As pdfium draws it."""
        recorder = self.recorder
        recorder.alive.append(sum(picture() is not None for picture in recorder.pictures))
        recorder.drawn.append(dpi)
        picture = self.plain.image(dpi)
        recorder.sizes.append(picture.size)
        recorder.pictures.append(weakref.ref(picture))
        return picture


@dataclass
class Listener:
    """An OCR engine that notes what it is asked, and reads with another one."""

    engine: OcrEngine
    languages: list[str] = field(default_factory=list[str])
    timeouts: list[float | None] = field(default_factory=list[float | None])
    name: str = "listener"
    version: str = "1"

    def check(self, languages: str) -> None:
        """As the other engine does."""
        self.engine.check(languages)

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """As the other engine does."""
        self.languages.append(languages)
        self.timeouts.append(timeout)
        return self.engine.read(image, languages=languages, dpi=dpi, timeout=timeout)

    def orientation(self, image: Image.Image, *, timeout: float | None = None) -> int | None:
        """As the other engine does."""
        return self.engine.orientation(image, timeout=timeout)


def small_print_pdf(points: float) -> bytes:
    """A sheet of small print, scanned at 300 dpi."""
    picture = Image.new("L", (2550, 3300), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(points * 300 / 72)
    for row in range(60):
        line = f"{row} Then the quick brown fox jumps over a lazy dog, and the parties agree to it in writing."
        draw.text((300, 300 + row * points * 300 / 72 * 1.4), line, font=font, fill=0)
    return picture_pdf(picture, 300)


def resized_scan(unit: float) -> bytes:
    """A letter that was scanned at 300 dpi, on a page that is so many times as large."""
    picture = draw_page([f"{row} This is a line of a letter that was scanned" for row in range(24)], 300)
    return picture_pdf(picture, 300 / unit)


def picture_pdf(picture: Image.Image, dpi: float) -> bytes:
    """A page that is one picture."""
    buffer = io.BytesIO()
    picture.save(buffer, "PDF", resolution=dpi)
    return buffer.getvalue()


def batch(ocr_engine: OcrEngine, **settings: object) -> BatchProcessor:
    """A processor in this process."""
    processor = BatchProcessor(executor=SequentialExecutor(), engine=PdfiumEngine(), ocr_engine=ocr_engine)
    return replace(processor, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def result_of(processor: BatchProcessor, pdf: bytes, **document: str) -> DocumentResult:
    """The result of one document."""
    return processor.run([Document("case.pdf", content=pdf, **document)]).results[0]  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def page_of(processor: BatchProcessor, pdf: bytes) -> Page:
    """The first page of one document."""
    return result_of(processor, pdf).pages[0]


# --- which pages, and why ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pdf", "source", "reason"),
    [
        (text_pdf([letter(1)]), "text-layer", "text-layer"),
        (TITLE, "text-layer", "little-text-no-scan"),
        (SCAN, "ocr", "no-text-layer"),
        (STAMPED, "ocr", "stamp-over-image"),
        (GARBAGE, "ocr", "garbage-text-layer"),
        (blank_pdf(), "none", "blank"),
        (scanned_pdf([""]), "none", "blank"),
    ],
    ids=["letter", "title page", "scan", "stamp on a scan", "garbage", "blank", "blank sheet, scanned"],
)
def test_each_page_says_where_its_text_came_from_and_why(
    reader: OcrEngine, pdf: bytes, source: str, reason: str
) -> None:
    page = page_of(batch(reader), pdf)
    assert (page.source, page.reason) == (source, reason)
    assert (page.confidence is not None) == (source == "ocr")


def test_a_page_read_by_ocr_has_its_text_and_a_mean_confidence(engine: OcrEngine) -> None:
    page = page_of(batch(engine), SCAN)
    assert join_words(page.text) == "This sheet was scanned and holds a single line of print."
    assert page.confidence is not None
    assert 80 < page.confidence <= 100


def test_the_print_under_a_stamp_is_read(reader: OcrEngine) -> None:
    assert "order of the court is on the picture" in join_words(page_of(batch(reader), STAMPED).text)


def test_a_document_counts_its_pages_by_what_became_of_them(reader: OcrEngine) -> None:
    pdf = mixed_pdf([letter(1), letter(2)], ["one scanned line", ""])
    counts = result_of(batch(reader), pdf).counts
    assert (counts.pages, counts.text_pages, counts.ocr_pages, counts.blank_pages) == (4, 2, 1, 1)


def test_never_means_that_no_page_is_drawn(reader: OcrEngine) -> None:
    recorder = Recorder()
    page = page_of(batch(reader, engine=recorder, extraction=Extraction(ocr="never")), SCAN)
    assert (page.source, page.reason, recorder.drawn) == ("none", "no-text-layer", [])


def test_always_means_every_page(reader: OcrEngine) -> None:
    page = page_of(batch(reader, extraction=Extraction(ocr="always")), text_pdf(["Printed as text, read as picture."]))
    assert (page.source, page.reason) == ("ocr", "ocr-always")
    assert join_words(page.text) == "Printed as text, read as picture."


def test_text_pages_of_a_mixed_document_are_what_they_are_without_ocr(reader: OcrEngine) -> None:
    pdf = mixed_pdf([letter(1), letter(2)], ["a scanned line"])
    read = result_of(batch(reader), pdf)
    plain = result_of(batch(reader, extraction=Extraction(ocr="never")), pdf)
    assert [page.text for page in read.pages[:2]] == [page.text for page in plain.pages[:2]]


# --- how a page is drawn ----------------------------------------------------------------------------------------------


def test_a_page_that_may_be_blank_is_drawn_once_and_small(reader: OcrEngine) -> None:
    recorder, listener = Recorder(), Listener(reader)
    page = page_of(batch(listener, engine=recorder), make_page_pdf(b"1 1 1 rg 50 50 300 300 re f"))
    assert (page.reason, recorder.drawn, listener.timeouts) == ("blank", [PREVIEW_DPI], [])


def test_a_scan_is_drawn_once(reader: OcrEngine) -> None:
    recorder = Recorder()
    page_of(batch(reader, engine=recorder), SCAN)
    assert recorder.drawn == [200]


def test_a_scan_is_drawn_at_the_callers_resolution(reader: OcrEngine) -> None:
    recorder = Recorder()
    processor = batch(reader, engine=recorder, extraction=Extraction(dpi=250))
    page = page_of(processor, scanned_pdf(["a line"], dpi=200))
    assert recorder.drawn == [250]
    assert page.ocr is not None
    assert page.ocr.dpi == 250


def test_small_print_is_drawn_again_at_twice_the_resolution(reader: OcrEngine) -> None:
    recorder = Recorder()
    page = page_of(batch(reader, engine=recorder), small_print_pdf(4.5))
    assert page.ocr is not None
    assert (recorder.drawn, recorder.alive, page.ocr.dpi) == ([200, 400], [0, 0], 400)
    assert page.text.count("quick brown fox") >= 50


@pytest.mark.parametrize("unit", [0.1, 0.25, 4, 10])
def test_a_scan_on_a_page_of_an_absurd_size_is_read(reader: OcrEngine, unit: float) -> None:
    recorder = Recorder()
    page = page_of(batch(reader, engine=recorder), resized_scan(unit))
    assert "a line of a letter" in page.text
    assert max(recorder.sizes[0]) in range(2100, 2300)


def test_a_page_says_how_it_was_read_and_the_counts_add_it_up(tesseract: TesseractEngine) -> None:
    result = result_of(batch(tesseract), scanned_pdf(["first line", "second line"]))
    details = [page.ocr for page in result.pages]
    assert [one and (one.engine, one.dpi, one.readings, one.reread) for one in details] == [
        ("tesseract", 200, 1, "")
    ] * 2
    assert (result.counts.ocr_readings, result.counts.turned_pages, result.counts.reread_pages) == (2, 0, 0)
    assert result.counts.ocr_cpu_seconds == pytest.approx(sum(one.cpu_seconds for one in details if one), abs=0.001)
    assert result.counts.ocr_cpu_seconds > 0.02


def test_a_page_from_its_text_layer_says_nothing_of_ocr(reader: OcrEngine) -> None:
    assert page_of(batch(reader), text_pdf(["A page with more than enough words. " * 20])).ocr is None


def test_one_picture_of_a_page_is_in_memory_at_a_time(engine: OcrEngine) -> None:
    recorder = Recorder()
    result = result_of(batch(engine, engine=recorder), scanned_pdf(["first line", "second line", "third line"]))
    assert result.counts.ocr_pages == 3
    assert recorder.alive == [0, 0, 0]


@pytest.mark.parametrize(
    "hostile",
    [
        make_page_pdf(b"0 g 0 0 99 99 re f", page=b"/MediaBox[0 0 14400 14400]"),
        make_page_pdf(
            b"q 612 0 0 792 0 0 cm /I Do Q",
            resources=b"/XObject<</I 10 0 R>>",
            more=[make_image(1, 1).replace(b"/Width 1/Height 1", b"/Width 60000/Height 60000")],
        ),
    ],
    ids=["a hostile MediaBox", "an image bomb"],
)
def test_a_page_of_too_many_pixels_is_refused_before_it_is_drawn(reader: OcrEngine, hostile: bytes) -> None:
    recorder = Recorder()
    page = page_of(batch(reader, engine=recorder), hostile)
    assert page.failure is not None
    assert (page.failure.cause, recorder.drawn) == (Cause.LIMIT_PIXELS, [])


# --- languages --------------------------------------------------------------------------------------------------------


def test_languages_are_the_documents_or_else_the_batchs(reader: OcrEngine) -> None:
    listener = Listener(reader)
    processor = batch(listener, extraction=Extraction(languages="eng"))
    result_of(processor, SCAN, languages="eng+deu")
    result_of(processor, SCAN)
    assert list(dict.fromkeys(listener.languages)) == ["eng+deu", "eng"]  # strips are read in the page's, too


def test_without_tesseract_there_is_one_error_before_the_work(tmp_path: Path) -> None:
    recorder = Recorder()
    with pytest.raises(DependencyError, match="pip install"):
        batch(TesseractEngine(binary=str(tmp_path / "none")), engine=recorder).run([Document("a.pdf", content=SCAN)])
    assert recorder.drawn == []


def test_without_tesseract_text_is_taken_and_affected_pages_are_flagged_if_wanted(tmp_path: Path) -> None:
    missing = TesseractEngine(binary=str(tmp_path / "none"))
    processor = batch(missing, extraction=Extraction(on_missing_ocr="skip"))
    result = result_of(processor, mixed_pdf([letter(1)], ["a scanned line"]))
    assert result.status is DocumentStatus.PARTIAL
    assert [page.failure and page.failure.cause for page in result.pages] == [None, Cause.OCR_UNAVAILABLE]


# --- limits and accidents ---------------------------------------------------------------------------------------------


def test_a_page_that_takes_too_long_costs_that_page_and_names_its_limit(program: Program) -> None:
    engine = TesseractEngine(binary=program.doing("exec sleep 600"))
    limits = Limits(page_timeout=1, document_timeout=600)
    result = result_of(batch(engine, limits=limits), mixed_pdf([letter(1)], ["a scanned line"]))
    assert result.status is DocumentStatus.PARTIAL
    failure = result.pages[1].failure
    assert failure is not None
    assert (failure.cause, "page_timeout" in failure.message) == (Cause.TIMEOUT, True)
    assert result.pages[0].text


def test_the_limit_of_the_document_clips_that_of_the_page_and_is_named(program: Program) -> None:
    engine = TesseractEngine(binary=program.doing("exec sleep 600"))
    limits = Limits(page_timeout=600, document_timeout=3)
    result = result_of(batch(engine, limits=limits), mixed_pdf([letter(1)], ["a scanned line"]))
    assert result.status is DocumentStatus.TIMED_OUT
    failure = result.pages[1].failure
    assert failure is not None
    assert (failure.cause, "document_timeout" in failure.message) == (Cause.TIMEOUT, True)
    assert result.pages[0].text


def test_drawing_a_page_counts_towards_its_limit(reader: OcrEngine) -> None:
    listener = Listener(reader)
    page_of(batch(listener, limits=Limits(page_timeout=50)), SCAN)
    assert [timeout for timeout in listener.timeouts if timeout is None or timeout >= 50] == []


def test_a_worker_that_is_killed_during_ocr_leaves_no_file_and_costs_one_page(program: Program) -> None:
    engine = TesseractEngine(binary=program.doing('[ "$1" = --version ] && exit 0; kill -KILL $PPID; exec sleep 600'))
    processor = batch(engine, executor=ProcessExecutor(workers=1))
    result = result_of(processor, mixed_pdf([letter(1)], ["a scanned line"]))
    assert [page.failure and page.failure.cause for page in result.pages] == [None, Cause.WORKER_LOST]
    assert list(Path(tempfile.gettempdir()).rglob("tess_*")) == []


# --- parts ------------------------------------------------------------------------------------------------------------


def test_a_born_digital_document_is_never_split(reader: OcrEngine) -> None:
    work = DocumentWork(engine=PdfiumEngine(), ocr_engine=reader, extraction=Extraction(part_pages=1))
    outcome = work(ReadTask(document=Document("a.pdf", content=text_pdf([letter(number) for number in range(30)]))))
    assert (outcome.parts, outcome.result and outcome.result.counts.pages) == ((), 30)


def test_a_scan_of_more_pages_than_a_part_holds_is_split_and_joined_in_order(reader: OcrEngine) -> None:
    numerals = ("one", "two", "three", "four", "five")
    pdf = scanned_pdf([f"This is page {numeral}." for numeral in numerals])
    work = DocumentWork(engine=PdfiumEngine(), ocr_engine=reader, extraction=Extraction(part_pages=2))
    parts = work(ReadTask(document=Document("a.pdf", content=pdf))).parts
    assert [part.page_numbers for part in parts] == [(1,), (2, 3), (4, 5)]
    found = result_of(batch(reader, extraction=Extraction(part_pages=2)), pdf)
    places = [join_words(found.text).find(numeral) for numeral in numerals]
    assert all(0 <= first < second for first, second in pairwise(places))


# --- text that is neither read nor drawn ------------------------------------------------------------------------------


def show_one_by_one(codes: Sequence[bytes], font: bytes, more: Sequence[bytes] = ()) -> bytes:
    """A page that shows a few words, and each code by itself, from top to bottom."""
    shown = [
        b"BT /F2 8 Tf %d %d Td <%s> Tj ET\n" % (72 + 12 * (n // 60), 700 - 9 * (n % 60), code)
        for n, code in enumerate(codes)
    ]
    content = show_text(b"No 7 of 2021") + b"".join(shown)
    pdf = make_page_pdf(content, resources=b"/F2 10 0 R", more=(font, *more))
    return pdf.replace(b"/F1 5 0 R>>/F2 10 0 R", b"/F1 5 0 R /F2 10 0 R>>")


NOT_THERE = (
    b"<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/Identity-V/DescendantFonts[11 0 R]>>",
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/FontDescriptor 12 0 R/DW 1000/CIDSystemInfo 13 0 R>>",
    b"<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[0 -120 1000 880]/Ascent 880/Descent -120>>",
    b"<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>",
)


def test_letters_of_a_font_that_is_not_there_are_no_success() -> None:
    found = result_of(
        batch(EchoOcr()), show_one_by_one([b"%04x" % (1200 + n) for n in range(90)], NOT_THERE[0], NOT_THERE[1:])
    )
    characters = len("".join(page.text for page in found.pages).split())
    # A machine may have a font for them.
    assert characters >= 90 or (found.status is not DocumentStatus.SUCCEEDED and "font" in str(found.pages[0].failure))


def test_a_page_of_spaces_lacks_no_letters() -> None:
    spaces = show_one_by_one([b"20"] * 90, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    assert result_of(batch(EchoOcr()), spaces).status is DocumentStatus.SUCCEEDED
