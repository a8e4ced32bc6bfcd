"""What a document has beside its pages (dynamic forms, files inside), annotations on demand, and pages in the report."""

import zlib
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from pdfbatch import BatchProcessor, BatchReport, Document, Extraction, Storage
from pdfbatch.engines import PdfiumEngine, PypdfEngine
from pdfbatch.errors import Cause
from pdfbatch.executors import ProcessExecutor, SequentialExecutor
from pdfbatch.model import DocumentExtras, DocumentResult, DocumentStatus
from pdfbatch.outputs import read_record
from pdfbatch.ports import TextEngine
from pdfbatch.samples import blank_pdf, text_pdf
from pdfbatch.testing.pdfs import FONT, join_objects, make_field_pdf, make_stream, show_text
from tests.stand_ins import EchoOcr

LABELS = [
    b"Name of the vessel and of her owner",
    b"Harbour where the cargo was first weighed",
    b"Signature of the surveyor, date and place",
]
TEMPLATE = b"<template xmlns='http://www.xfa.org/schema/xfa-template/3.3/'>%s</template>" % b"".join(
    b"<subform><draw><value><text>%s</text></value></draw>"
    b"<items><text>never shown anywhere at all by itself</text></items></subform>" % label
    for label in LABELS
)
WAIT = [b"Please wait...", b"If this message is not replaced, your viewer may not be able to display it."]
FILES = b"/Names<</EmbeddedFiles<</Names[(a.txt)10 0 R(b.txt)10 0 R]>>>>"
FILE = {10: b"<</Type/Filespec/F(a.txt)/UF(a.txt)/EF<</F 11 0 R>>>>", 11: make_stream(b"inside", b"/Type/EmbeddedFile")}


def pdf(catalog: bytes, lines: list[bytes], more: dict[int, bytes] | None = None) -> bytes:
    content = b"".join(show_text(line, at=(72, 700 - 20 * number)) for number, line in enumerate(lines))
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            4: make_stream(content),
            5: FONT,
            **(more or {}),
        }
    )


def xfa(lines: list[bytes], *, dynamic: bool, packets: bool = True, template: bytes = TEMPLATE) -> bytes:
    form = b"[(template)20 0 R]" if packets else b"20 0 R"
    flag = b"/NeedsRendering true" if dynamic else b""
    catalog = b"/AcroForm<</Fields[]/XFA %s>>%s" % (form, flag)
    return pdf(catalog, lines, {20: make_stream(template if packets else b"<xdp:xdp>%s</xdp:xdp>" % template)})


def run(*documents: bytes, engine: TextEngine | None = None, **settings: object) -> BatchReport:
    processor = BatchProcessor(
        executor=SequentialExecutor(), ocr_engine=EchoOcr(), engine=engine or PdfiumEngine(), deduplicate=False
    )
    processor = replace(processor, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return processor.run([Document(f"{number}.pdf", content=data) for number, data in enumerate(documents)])


def result(data: bytes, engine: TextEngine | None = None, **settings: object) -> DocumentResult:
    return run(data, engine=engine, **settings).results[0]


# --- XFA --------------------------------------------------------------------------------------------------------------

ENGINES = pytest.mark.parametrize("engine", [PdfiumEngine(), PypdfEngine()], ids=lambda engine: engine.name)


@ENGINES
@pytest.mark.parametrize("packets", [True, False], ids=["packets", "stream"])
@pytest.mark.parametrize("dynamic", [True, False], ids=["flag", "no flag"])
@pytest.mark.parametrize("lines", [WAIT, []], ids=["placeholder", "blank page"])
def test_a_form_that_only_another_viewer_shows_is_no_success(
    engine: TextEngine, packets: bool, dynamic: bool, lines: list[bytes]
) -> None:
    found = result(xfa(lines, dynamic=dynamic, packets=packets), engine)
    assert found.status is DocumentStatus.FAILED
    assert found.failure is not None
    assert (found.failure.cause, found.pages[0].reason) == (Cause.UNSUPPORTED, "dynamic-xfa")
    assert "XFA" in found.failure.message
    assert found.extras.xfa == "dynamic"


@ENGINES
@pytest.mark.parametrize("dynamic", [True, False], ids=["flag", "no flag"])
def test_a_form_that_its_pages_show_is_read_and_noted(engine: TextEngine, dynamic: bool) -> None:
    found = result(xfa(LABELS, dynamic=dynamic), engine)
    assert (found.status, found.extras.xfa, found.pages[0].note) == (DocumentStatus.SUCCEEDED, "static", "static-xfa")


@ENGINES
def test_a_form_of_which_nothing_is_known_is_what_its_flag_says(engine: TextEngine) -> None:
    for flag, status in ((True, DocumentStatus.FAILED), (False, DocumentStatus.SUCCEEDED)):
        assert result(xfa(WAIT, dynamic=flag, template=b"<template></template>"), engine).status is status


# --- files inside -----------------------------------------------------------------------------------------------------


@ENGINES
def test_a_portfolio_is_partial_and_says_what_is_not_read(engine: TextEngine) -> None:
    cover = [b"For the best experience, open this portfolio in another viewer."]
    found = result(pdf(FILES + b"/Collection<</Type/Collection/View/T>>", cover, FILE), engine)
    assert (found.status, found.pages[0].reason) == (DocumentStatus.PARTIAL, "portfolio-cover")
    assert found.failure is not None
    assert (found.failure.cause, found.extras.attachments) == (Cause.UNSUPPORTED, 2)
    assert "portfolio" in found.failure.message
    assert "2 files" in found.failure.message


def test_a_portfolio_whose_cover_is_blank_failed() -> None:
    assert result(pdf(FILES + b"/Collection<<>>", [], FILE)).status is DocumentStatus.FAILED


@ENGINES
def test_attachments_are_counted_and_noted(engine: TextEngine) -> None:
    found = result(pdf(FILES, [b"An invoice with its data inside."], FILE), engine)
    assert (found.status, found.pages[0].note) == (DocumentStatus.SUCCEEDED, "attachments")
    assert found.extras == DocumentExtras(attachments=2)


def test_extras_are_in_the_record_and_come_back_from_workers_and_parts(tmp_path: Path) -> None:
    path, output = tmp_path / "in.pdf", Storage(str(tmp_path / "out"))
    two_pages = b"/Kids[3 0 R 3 0 R]/Count 2"
    path.write_bytes(pdf(FILES, [b"An invoice"], FILE).replace(b"/Kids[3 0 R]/Count 1", two_pages))
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=1),
        ocr_engine=EchoOcr(),
        extraction=Extraction(ocr="always", part_pages=1),
        deduplicate=False,
    )
    for place in (output, None):
        (first,) = replace(processor, output=place).run([Document(str(path), "a")]).results
        assert first.extras == DocumentExtras(attachments=2)
        assert [page.note for page in first.pages] == ["attachments", ""]
    assert b'"extras":{"attachments":2,"portfolio":false,"xfa":"none","form_fields":0}' in output.read("a.json")
    record = read_record(output, Document(str(path), "a"))
    assert record is not None
    assert record.extras == DocumentExtras(attachments=2)


# --- annotations ------------------------------------------------------------------------------------------------------

FIELDS = make_field_pdf(show_text(b"Name:"), [("Ada Byron", (150, 695, 350, 713))])


@ENGINES
@pytest.mark.parametrize("ocr", ["auto", "never"])
def test_what_annotations_show_can_be_left_out(engine: TextEngine, ocr: str) -> None:
    for annotations, words in ((True, ["Name:", "Ada", "Byron"]), (False, ["Name:"])):
        extraction = Extraction(ocr=ocr, annotations=annotations)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert result(FIELDS, engine, extraction=extraction).text.split() == words


def test_the_second_engine_leaves_them_out_too() -> None:
    empty = FIELDS.replace(show_text(b"Name:"), b" " * len(show_text(b"Name:")))
    found = result(empty, extraction=Extraction(annotations=False))
    assert (found.status, found.text) == (DocumentStatus.EMPTY, "")


@pytest.mark.parametrize("annotations", [True, False])
def test_an_image_of_a_page_shows_annotations_only_if_they_are_wanted(annotations: bool) -> None:
    with PdfiumEngine().open(FIELDS, annotations=annotations) as document, document.page(1) as page:
        values = cast("tuple[int, int]", page.image(72).crop((150, 792 - 713, 350, 792 - 695)).getextrema())
        boxes = [box for box in page.text_boxes() if box.left >= 149]
        assert (values[0] < 128, bool(boxes), page.facts().vector_objects) == (annotations, annotations, annotations)


# --- the report -------------------------------------------------------------------------------------------------------


def test_the_report_counts_pages_by_reason_and_source() -> None:
    report = run(text_pdf(["word " * 300, "REPORT"]), blank_pdf(), xfa(WAIT, dynamic=True))
    summary = report.summary()
    assert summary["pages_by_reason"] == {"blank": 1, "dynamic-xfa": 1, "little-text-no-scan": 1, "text-layer": 1}
    assert summary["pages_by_source"] == {"text-layer": 3, "none": 1}
    assert (summary["ocr_readings"], summary["turned_pages"], summary["reread_pages"]) == (0, 0, 0)


def test_the_report_leaves_out_pages_of_duplicates() -> None:
    processor = BatchProcessor(executor=SequentialExecutor(), ocr_engine=EchoOcr())
    page = text_pdf(["REPORT"])
    report = processor.run([Document("same.pdf", name, content=page) for name in "ab"])
    assert (report.status.duplicates, report.page_counts.by_reason) == (1, {"little-text-no-scan": 1})


# --- content that ends early ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ocr", ["auto", "never"])
def test_a_page_whose_content_ends_early_is_read_in_part_and_says_so(ocr: str) -> None:
    whole = zlib.compress(b"".join(show_text(b"Line %d" % number, at=(72, 740 - 15 * number)) for number in range(44)))
    stream = make_stream(whole[: len(whole) // 2], b"/Filter/FlateDecode")
    data = pdf(b"", [b"in place of"]).replace(make_stream(show_text(b"in place of")), stream)
    found = result(data, extraction=Extraction(ocr=ocr))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (page,) = found.pages
    assert found.status is DocumentStatus.PARTIAL
    assert page.text.startswith("Line 0")
    assert page.failure is not None
    assert (page.failure.cause, found.counts.failed_pages) == (Cause.MALFORMED, 1)
    assert "ends early" in page.failure.message


def test_a_page_of_which_damage_leaves_nothing_is_not_blank() -> None:
    stream = make_stream(zlib.compress(show_text(b"gone"))[:6], b"/Filter/FlateDecode")
    found = result(pdf(b"", [b"in place of"]).replace(make_stream(show_text(b"in place of")), stream))
    assert found.status is DocumentStatus.FAILED
