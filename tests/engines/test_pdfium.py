"""What only pdfium does: draw, and share one library between threads."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from pdfbatch import samples
from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.settings import PageRules
from pdfbatch.testing.pdfs import make_form, make_image, make_page_pdf, make_stream, show_text
from pdfbatch.work.page_rules import ink_share, is_blank
from pdfbatch.work.resolution import pixels

ENGINE = PdfiumEngine()


def drawn(pdf: bytes, dpi: float = 72) -> Image.Image:
    with ENGINE.open(pdf) as document, document.page(1) as page:
        return page.image(dpi)


def fail_on(source: str) -> None:
    with ENGINE.open(source) as document, document.page(1) as page:
        page.text()
        raise ZeroDivisionError


def plainly(pdf: bytes) -> list[str]:
    """The text as pypdfium2's own classes give it, under the documented policy."""
    library: Any = pypdfium2
    document = library.PdfDocument(pdf)
    texts: list[str] = [page.get_textpage().get_text_range() for page in document]
    document.close()
    # U+FFFE is pdfium's signal for a hyphen at the end of a line.
    return [text.replace("\r\n", "\n").replace("\ufffe", "-\n") for text in texts]


def texts_of(source: str | bytes, *, annotations: bool = True) -> list[str]:
    texts: list[str] = []
    with ENGINE.open(source, annotations=annotations) as document:
        for number in range(1, document.page_count + 1):
            with document.page(number) as page:
                texts.append(page.text())
    return texts


@pytest.mark.parametrize("make", [samples.letter, samples.memo, samples.ledger])
def test_text_is_what_pypdfium2_gives(make: Any) -> None:
    pdf = samples.text_pdf([make(1), make(2)])
    assert texts_of(pdf) == plainly(pdf)
    assert all(texts_of(pdf))


def test_text_of_real_documents_is_what_pypdfium2_gives(corpus: Path) -> None:
    small = [path for path in sorted((corpus / "documents").iterdir()) if path.stat().st_size < 60_000]
    for path in small[:25]:
        assert texts_of(str(path), annotations=False) == plainly(path.read_bytes()), path.name


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_picture_is_grey_and_as_large_as_foreseen() -> None:
    with ENGINE.open(make_page_pdf(b"", page=b"/MediaBox[0 0 595.3 841.9]")) as document, document.page(1) as page:
        picture = page.image(110)
        assert picture.mode == "L"
        assert picture.width * picture.height == pixels(page.facts(), 110)


@pytest.mark.parametrize("box", [b"0 0 612 792", b"0 0 595.276 841.89", b"0 0 200.1 0.5"])
def test_a_picture_is_the_one_that_pypdfium2_draws(box: bytes) -> None:
    pdf = make_page_pdf(show_text(b"Every row counts"), page=b"/MediaBox[%s]" % box)
    library: Any = pypdfium2
    document = library.PdfDocument(pdf)
    plain = document[0].render(scale=300 / 72, grayscale=True).to_pil().copy()
    document.close()
    assert drawn(pdf, dpi=300) == plain


@pytest.mark.parametrize(("colour", "grey"), [(b"1 0 0", 76), (b"0 1 0", 150), (b"0 0 1", 29), (b"1 1 0", 226)])
def test_colours_are_drawn_as_grey_as_they_look(colour: bytes, grey: int) -> None:
    pixel = bytes(round(float(part) * 255) for part in colour.split())
    entries = b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceRGB/BitsPerComponent 8"
    content = b"%s rg 0 400 612 392 re f q 612 0 0 400 0 0 cm /I Do Q" % colour
    picture = drawn(make_page_pdf(content, resources=b"/XObject<</I 10 0 R>>", more=[make_stream(pixel, entries)]))
    for place in ((300, 100), (300, 700)):
        assert picture.getpixel(place) == pytest.approx(grey, abs=3)


def test_a_picture_shows_the_page_the_right_way_up() -> None:
    picture = drawn(make_page_pdf(b"0 g 0 692 100 100 re f"))
    assert (picture.getpixel((50, 50)), picture.getpixel((50, 700)), picture.getpixel((500, 50))) == (0, 255, 255)


def test_a_turned_page_is_drawn_as_it_is_shown() -> None:
    picture = drawn(make_page_pdf(b"0 g 0 692 100 100 re f", page=b"/MediaBox[0 0 612 792]/Rotate 90"))
    assert picture.size == (792, 612)
    assert picture.getpixel((740, 50)) == 0


def test_a_picture_outlives_its_document_and_can_be_changed() -> None:
    picture = drawn(make_page_pdf(b"0 g 0 0 612 792 re f"))
    picture.putpixel((5, 5), 200)
    assert (picture.getpixel((5, 5)), picture.getpixel((6, 6))) == (200, 0)


def test_a_blank_page_is_drawn_blank_and_a_page_of_drawn_letters_is_not() -> None:
    assert is_blank(drawn(samples.blank_pdf()), PageRules())
    assert not is_blank(drawn(make_page_pdf(show_text(b"Seen, but not read"))), PageRules())


def test_a_stamp_annotation_is_drawn() -> None:
    page = b"/MediaBox[0 0 612 792]/Annots[10 0 R]"
    stamp = b"<</Type/Annot/Subtype/Stamp/Rect[100 100 300 300]/F 4/AP<</N 11 0 R>>>>"
    look = make_form(b"0 g 0 0 2000 2000 re f")
    picture = drawn(make_page_pdf(b"", page=page, more=[stamp, look]))
    assert picture.getpixel((200, 792 - 200)) == 0


def test_a_filled_field_is_drawn() -> None:
    page = b"/MediaBox[0 0 612 792]/Annots[10 0 R]"
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ada)/Rect[100 100 300 130]/F 4/P 3 0 R/AP<</N 11 0 R>>>>"
    look = make_form(
        b"/Tx BMC BT /F1 20 Tf 2 5 Td (Ada Lovelace) Tj ET EMC", resources=b"/Font<</F1 5 0 R>>", box=(200, 30)
    )
    assert ink_share(drawn(make_page_pdf(b"", page=page, more=[field, look]))) > 0.0005


# --- facts that only pdfium knows -------------------------------------------------------------------------------------


def test_invisible_glyphs_are_counted() -> None:
    with (
        ENGINE.open(make_page_pdf(show_text(b"seen") + show_text(b"unseen", at=(72, 600), mode=3))) as document,
        document.page(1) as page,
    ):
        assert page.facts().invisible_glyphs == 6


def test_glyphs_of_a_long_page_are_estimated() -> None:
    lines = b"".join(show_text(b"x" * 90, size=6, at=(30, 30 + 6 * row), mode=3) for row in range(100))
    with ENGINE.open(make_page_pdf(lines)) as document, document.page(1) as page:
        facts = page.facts()
    assert facts.glyphs >= 9_000
    assert facts.invisible_glyphs == pytest.approx(9_000, rel=0.1)


def test_every_glyph_of_ordinary_text_is_mapped() -> None:
    with ENGINE.open(samples.text_pdf([samples.letter(1)])) as document, document.page(1) as page:
        assert page.facts().unmapped_glyphs == 0


# --- threads and handles ----------------------------------------------------------------------------------------------


def test_threads_share_pdfium_unharmed() -> None:
    sources = [samples.text_pdf([f"document {number}, page {page}" for page in range(5)]) for number in range(8)]
    expected = [[f"document {number}, page {page}" for page in range(5)] for number in range(8)]

    def work(source: bytes) -> list[str]:
        for _ in range(5):
            drawn(source, 30)
        return [text.strip() for text in texts_of(source)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, sources)) == expected


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files where Linux lists them")
def test_files_are_closed_whatever_happens(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(samples.text_pdf(["one"]))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fail_on(str(path))
    assert str(path) not in [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]


def test_drawing_a_form_again_and_again_gives_the_same_picture() -> None:
    page = b"/MediaBox[0 0 612 792]/Annots[10 0 R]"
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ada)/Rect[100 100 300 130]/F 4/P 3 0 R/AP<</N 11 0 R>>>>"
    look = make_form(b"0 g 0 0 2000 2000 re f")
    with ENGINE.open(make_page_pdf(show_text(b"Name:"), page=page, more=[field, look])) as document:
        pictures: list[bytes] = []
        for _ in range(3):
            with document.page(1) as opened:
                assert opened.text().split() == ["Name:", "Ada"]
                pictures.append(opened.image(72).tobytes())
    assert len(set(pictures)) == 1


def test_a_page_larger_than_memory_is_for_the_caller_to_refuse() -> None:
    pdf = make_page_pdf(b"", page=b"/MediaBox[0 0 14400 14400]", more=[make_image(1, 1)])
    with ENGINE.open(pdf) as document, document.page(1) as page:
        assert pixels(page.facts(), 300) >= 60_000 * 60_000
