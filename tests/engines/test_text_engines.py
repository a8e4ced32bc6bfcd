"""What both text engines promise."""

import logging
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch import samples
from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import PageFacts, TextEngine
from tests.engines.making import form, image, one_page, with_unicode

LETTER_AREA = 612 * 792
FILLED = b"q 612 0 0 792 0 0 cm /Im Do Q\n"


@pytest.fixture(params=[PdfiumEngine(), PypdfEngine()], ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> TextEngine:
    found: TextEngine = request.param
    return found


@pytest.fixture(autouse=True)
def _quiet_pypdf() -> Iterator[None]:
    logger = logging.getLogger("pypdf")
    before, logger.disabled = logger.disabled, True
    yield
    logger.disabled = before


def text_of(engine: TextEngine, source: str | bytes, number: int = 1, password: str | None = None) -> str:
    with engine.open(source, password=password) as document, document.page(number) as page:
        return page.text()


def facts_of(engine: TextEngine, source: bytes) -> PageFacts:
    with engine.open(source) as document, document.page(1) as page:
        return page.facts()


def refused(engine: TextEngine, source: str | bytes, password: str | None = None) -> DocumentError:
    with pytest.raises(DocumentError) as caught, engine.open(source, password=password):
        pass
    return caught.value


# --- text -------------------------------------------------------------------------------------------------------------


def test_each_page_has_its_own_text(engine: TextEngine) -> None:
    pdf = samples.text_pdf(["First page", "Second page", "Third page"])
    with engine.open(pdf) as document:
        assert document.page_count == 3
        for number, word in enumerate(("First", "Second", "Third"), 1):
            with document.page(number) as page:
                assert page.text().strip() == f"{word} page"


def test_pages_can_be_read_in_any_order_and_again(engine: TextEngine) -> None:
    with engine.open(samples.text_pdf(["one", "two"])) as document:
        for number, word in ((2, "two"), (1, "one"), (2, "two")):
            with document.page(number) as page:
                assert page.text().strip() == page.text().strip() == word


def test_lines_end_in_newlines_only(engine: TextEngine) -> None:
    assert text_of(engine, samples.text_pdf(["one\ntwo\nthree"])).splitlines() == ["one", "two", "three"]
    assert "\r" not in text_of(engine, samples.text_pdf(["one\ntwo\nthree"]))


def test_a_page_without_text_gives_none(engine: TextEngine) -> None:
    assert text_of(engine, samples.blank_pdf()) == ""


@pytest.mark.parametrize(
    ("meaning", "stored"), [("\ud835", "\ufffd"), ("\U0001d44e", "\U0001d44e"), ("é", "é"), ("漢", "漢")]
)
def test_whatever_glyphs_mean_is_stored_as_utf8(engine: TextEngine, meaning: str, stored: str) -> None:
    text = text_of(engine, with_unicode(b"ABC", [(0x41, "x"), (0x42, meaning), (0x43, "y")]))
    assert text.encode().decode().strip() in (f"x{stored}y", "xy")


def test_a_form_feed_in_a_page_does_not_part_it(engine: TextEngine) -> None:
    text = text_of(engine, with_unicode(b"ABC", [(0x41, "x"), (0x42, "\f"), (0x43, "y")]))
    assert "\f" not in text
    assert text.split() == ["x", "y"]


# --- sources ----------------------------------------------------------------------------------------------------------

ODD_NAMES = ["a b.PDF", "#%20?.pdf", "Écriture.pdf", "e\u0301.pdf", "漢字.pdf", "no suffix", "-rf.pdf", "new\nline"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_read(engine: TextEngine, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(samples.text_pdf(["Hello"]))
    assert text_of(engine, str(path)).strip() == "Hello"


def test_a_name_that_is_no_unicode_is_read(engine: TextEngine, tmp_path: Path) -> None:
    path = tmp_path / "\udcff.pdf"
    try:
        path.write_bytes(samples.text_pdf(["Hello"]))
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    assert text_of(engine, str(path)).strip() == "Hello"


def test_an_error_about_such_a_name_can_be_stored(engine: TextEngine, tmp_path: Path) -> None:
    str(refused(engine, str(tmp_path / "\udcff.pdf"))).encode()


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "look"),
    [
        (samples.html_page(), "an HTML page"),
        (b"PK\x03\x04" + b"\0" * 100, "a ZIP archive"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "a PNG image"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "a JPEG image"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
        ("Dear Sir, the café\n".encode() * 100, "plain text"),
        (b"\x00\x01\x02\x03" * 100, "unknown data"),
    ],
)
def test_what_is_no_pdf_is_called_what_it_looks_like(engine: TextEngine, content: bytes, look: str) -> None:
    error = refused(engine, content)
    assert (error.cause, error.transient) == (Cause.NOT_A_PDF, False)
    assert look in str(error)


def test_no_bytes_are_an_empty_input(engine: TextEngine, tmp_path: Path) -> None:
    path = tmp_path / "empty.pdf"
    path.touch()
    assert refused(engine, b"").cause is Cause.EMPTY_INPUT
    assert refused(engine, str(path)).cause is Cause.EMPTY_INPUT


def test_a_broken_pdf_is_malformed_and_named(engine: TextEngine, tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"garbage " * 200)
    error = refused(engine, str(path))
    assert error.cause is Cause.MALFORMED
    assert str(error).startswith(f"{path}: ")


def test_a_pdf_without_pages_is_malformed(engine: TextEngine) -> None:
    assert (
        refused(engine, one_page(b"").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[     ]/Count 0")).cause
        is Cause.MALFORMED
    )


def test_a_missing_file_is_not_found(engine: TextEngine, tmp_path: Path) -> None:
    assert refused(engine, str(tmp_path / "missing.pdf")).cause is Cause.STORAGE_NOT_FOUND


def test_a_folder_is_no_file(engine: TextEngine, tmp_path: Path) -> None:
    assert refused(engine, str(tmp_path)).cause is Cause.NOT_A_FILE


@pytest.mark.parametrize("number", [0, 3])
def test_a_page_that_is_not_there_is_an_error_that_names_it(engine: TextEngine, number: int) -> None:
    with engine.open(samples.text_pdf(["one", "two"])) as document:
        with pytest.raises(DocumentError, match=rf"page {number}\b") as caught, document.page(number):
            pass
        assert caught.value.cause is Cause.MALFORMED


# --- passwords --------------------------------------------------------------------------------------------------------


def test_an_empty_password_is_tried(engine: TextEngine) -> None:
    assert text_of(engine, samples.encrypted_pdf(["Sealed"])).strip() == "Sealed"


def test_an_empty_password_is_tried_after_a_wrong_one(engine: TextEngine) -> None:
    assert text_of(engine, samples.encrypted_pdf(["Sealed"]), password="wrong").strip() == "Sealed"


def test_the_password_opens_the_document(engine: TextEngine) -> None:
    assert text_of(engine, samples.encrypted_pdf(["Sealed"], password="söcret"), password="söcret").strip() == "Sealed"


@pytest.mark.parametrize("password", [None, "", "wrong"])
def test_without_the_password_it_is_required(engine: TextEngine, password: str | None) -> None:
    error = refused(engine, samples.encrypted_pdf(["Sealed"], password="secret"), password=password)
    assert error.cause is Cause.PASSWORD_REQUIRED
    assert "secret" not in str(error)


def test_a_password_that_is_not_needed_does_no_harm(engine: TextEngine) -> None:
    assert text_of(engine, samples.text_pdf(["Open"]), password="any").strip() == "Open"


# --- metadata ---------------------------------------------------------------------------------------------------------


def test_metadata_holds_what_is_there(engine: TextEngine) -> None:
    with engine.open(samples.text_pdf(["x"], title="Größe")) as document:
        assert document.metadata["Title"] == "Größe"
        assert document.metadata["Producer"]
        assert "Author" not in document.metadata


def test_a_long_title_is_whole(engine: TextEngine) -> None:
    with engine.open(samples.text_pdf(["x"], title="long " * 1000)) as document:
        assert document.metadata["Title"] == "long " * 1000


# --- facts ------------------------------------------------------------------------------------------------------------


def test_a_born_digital_page_has_glyphs_and_no_image(engine: TextEngine) -> None:
    facts = facts_of(engine, samples.text_pdf(["Hello there"]))
    assert (facts.width, facts.height) == (612, 792)
    assert facts.glyphs >= 11
    assert (facts.images, facts.image_coverage, facts.image_dpi) == (0, 0.0, 0.0)


def test_a_scan_covers_its_page_at_its_resolution(engine: TextEngine) -> None:
    facts = facts_of(engine, samples.scanned_pdf(["Hello"], dpi=150))
    assert (facts.images, facts.image_coverage) == (1, 1.0)
    assert facts.image_dpi == pytest.approx(150, abs=1)


def test_a_page_lies_as_it_is_shown(engine: TextEngine) -> None:
    turned = one_page(b"", page=b"/MediaBox[0 0 612 792]/Rotate 90")
    assert (facts_of(engine, turned).width, facts_of(engine, turned).height) == (792, 612)


def test_strips_cover_together_what_they_cover(engine: TextEngine) -> None:
    strips = b"".join(b"q 612 0 0 9.9 0 %.1f cm /Im Do Q\n" % (index * 9.9) for index in range(80))
    pdf = one_page(strips, resources=b"/XObject<</Im 10 0 R>>", more=[image(612, 10)])
    assert facts_of(engine, pdf).image_coverage == 1.0
    assert facts_of(engine, pdf).images == 80


def test_images_on_top_of_each_other_count_once(engine: TextEngine) -> None:
    half = b"q 612 0 0 396 0 0 cm /Im Do Q\n"
    pdf = one_page(half * 3, resources=b"/XObject<</Im 10 0 R>>", more=[image(8, 8)])
    assert facts_of(engine, pdf).image_coverage == pytest.approx(0.5, abs=0.02)


def test_only_what_lies_on_the_page_counts(engine: TextEngine) -> None:
    outside = b"q 612 0 0 792 306 0 cm /Im Do Q q 612 0 0 792 5000 0 cm /Im Do Q"
    pdf = one_page(outside, resources=b"/XObject<</Im 10 0 R>>", more=[image(8, 8)])
    assert facts_of(engine, pdf).image_coverage == pytest.approx(0.5, abs=0.02)


def test_the_crop_box_is_the_page(engine: TextEngine) -> None:
    quarter = b"q 306 0 0 396 306 396 cm /Im Do Q"
    boxes = b"/MediaBox[0 0 612 792]/CropBox[306 396 612 792]"
    pdf = one_page(quarter, page=boxes, resources=b"/XObject<</Im 10 0 R>>", more=[image(8, 8)])
    facts = facts_of(engine, pdf)
    assert (facts.width, facts.height, facts.image_coverage) == (306, 396, 1.0)


def test_a_turned_image_covers_where_it_lies(engine: TextEngine) -> None:
    turned = b"q 0 792 -612 0 612 0 cm /Im Do Q"
    pdf = one_page(turned, resources=b"/XObject<</Im 10 0 R>>", more=[image(792, 612)])
    facts = facts_of(engine, pdf)
    assert facts.image_coverage == 1.0
    assert facts.image_dpi == pytest.approx(72, abs=1)


def test_an_image_inside_forms_is_found_where_it_lies(engine: TextEngine) -> None:
    inner = form(
        b"q 300 0 0 300 0 0 cm /Im Do Q", entries=b"/Matrix[1 0 0 1 6 96]", resources=b"/XObject<</Im 10 0 R>>"
    )
    outer = form(b"q 2 0 0 2 0 0 cm /Fm Do Q", resources=b"/XObject<</Fm 11 0 R>>")
    pdf = one_page(b"/Fm Do", resources=b"/XObject<</Fm 12 0 R>>", more=[image(600, 600), inner, outer])
    facts = facts_of(engine, pdf)
    assert facts.images == 1
    assert facts.image_coverage == pytest.approx(600 * 600 / LETTER_AREA, abs=0.03)
    assert facts.image_dpi == pytest.approx(72, abs=1)


def test_an_inline_image_counts(engine: TextEngine) -> None:
    inline = b"q 612 0 0 792 0 0 cm BI /W 2 /H 2 /CS /G /BPC 8 ID \x00\xff\x00\xff EI Q"
    facts = facts_of(engine, one_page(inline))
    assert (facts.images, facts.image_coverage) == (1, 1.0)


def test_paths_count_as_vector_objects(engine: TextEngine) -> None:
    assert facts_of(engine, one_page(b"0 0 m 9 9 l S\n" * 7)).vector_objects == 7


def test_a_stamp_annotation_is_something_on_the_page_and_a_link_is_not(engine: TextEngine) -> None:
    page = b"/MediaBox[0 0 612 792]/Annots[10 0 R 11 0 R]"
    more = [b"<</Type/Annot/Subtype/%s/Rect[0 0 99 99]>>" % kind for kind in (b"Stamp", b"Link")]
    assert facts_of(engine, one_page(b"", page=page, more=more)).vector_objects == 1


def test_a_million_paths_are_counted_no_further_than_needed(engine: TextEngine) -> None:
    facts = facts_of(engine, one_page(b"0 0 m 9 9 l S\n" * 20_000))
    assert 1_000 <= facts.vector_objects <= 5_000


# --- as a value -------------------------------------------------------------------------------------------------------


def test_an_engine_survives_pickling_and_names_itself(engine: TextEngine) -> None:
    again = pickle.loads(pickle.dumps(engine))
    assert again == engine
    assert engine.name in type(engine).__name__.lower()
    assert engine.version[0].isdigit()


def test_two_documents_are_open_at_once(engine: TextEngine) -> None:
    with engine.open(samples.text_pdf(["one"])) as first, engine.open(samples.text_pdf(["two"])) as second:
        with first.page(1) as one, second.page(1) as two:
            assert (one.text().strip(), two.text().strip()) == ("one", "two")
        with first.page(1) as one:
            assert one.text().strip() == "one"
