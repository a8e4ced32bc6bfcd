"""Where the text lies and where the print lies: which pages are read by OCR, and what becomes of the text layer."""

import io
import random
import zlib
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import partial

import pytest
from PIL import Image

from pdfbatch.model import DocumentResult, DocumentStatus, Page
from pdfbatch.ports import OcrEngine
from pdfbatch.samples import blank_pdf, letter, text_pdf
from pdfbatch.settings import Extraction
from pdfbatch.testing.pdfs import make_page_pdf, make_unicode_pdf, show_text
from pdfbatch.testing.pictures import join_words
from tests.work import making
from tests.work.making import BODY, STAMP
from tests.work.test_pages import Recorder, batch, page_of, result_of

HEADER = (
    "Produced under the protective order of the court in the matter named below; not to be copied, shown or given on."
)
LINES = [HEADER, HEADER.upper(), HEADER]


def lines_at(top: int, lines: list[str], *, mode: int = 0, size: int = 9) -> bytes:
    return b"".join(
        show_text(line.encode(), size=size, at=(36, top - number * 11), mode=mode) for number, line in enumerate(lines)
    )


def read(reader: OcrEngine, pdf: bytes, ocr: str = "auto") -> Page:
    return page_of(batch(reader, extraction=Extraction(ocr=ocr)), pdf)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def whole(reader: OcrEngine, pdf: bytes) -> DocumentResult:
    return result_of(batch(reader), pdf)


def has_body_once(page: Page) -> bool:
    """Whether each line was read once, but for some letters: what OCR misreads depends on how pdfium draws."""
    lines = [join_words(line) for line in page.text.split("\n")]
    return all(sum(SequenceMatcher(None, body, line).ratio() > 0.9 for line in lines) == 1 for body in BODY)


# --- text beside print ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        lines_at(775, LINES),
        lines_at(30, LINES),
        lines_at(775, LINES) + lines_at(30, ["Page 3 of 7 of the second volume of documents"]),
        b"".join(show_text(b"CONFIDENTIAL COPY", size=8, at=(20 + 200 * (n % 3), 40 + 7 * n)) for n in range(14)),
    ],
    ids=["header", "footer", "both", "watermark"],
)
def test_long_text_that_covers_little_of_a_scan_does_not_hide_it(reader: OcrEngine, layer: bytes) -> None:
    page = read(reader, making.scan_under(layer))
    assert (page.source, page.reason) == ("ocr", "print-outside-text")
    assert has_body_once(page), page.text


def test_an_old_ocr_layer_of_a_few_lines_is_not_taken_for_the_page(reader: OcrEngine) -> None:
    lines = [f"{line} " * 2 for line in BODY[:3]]
    page = read(reader, making.scan_under(lines_at(720, lines, mode=3)))
    assert page.reason == "print-outside-text"
    assert all(line in join_words(page.text) for line in BODY[3:])


PRINT_UNDER_A_STAMP: dict[str, Callable[[bytes], bytes]] = {
    "image": making.scan_under,
    "pieces": partial(making.pieces_under, columns=1, rows=12),
    "tiles": partial(making.pieces_under, columns=12, rows=30),
    "curves": partial(making.curves_under, paths=True),
    "one curve": partial(making.curves_under, paths=False),
    "annotation": making.annotation_under,
    "form": partial(making.forms_under, depth=1),
    "deep form": partial(making.forms_under, depth=5),
}


@pytest.mark.parametrize("kind", PRINT_UNDER_A_STAMP)
def test_the_print_under_a_stamp_is_read_whatever_it_is_made_of(reader: OcrEngine, kind: str) -> None:
    page = read(reader, PRINT_UNDER_A_STAMP[kind](making.stamp()))
    assert page.source == "ocr", page
    assert has_body_once(page), page.text
    assert page.text.count(STAMP) == 1, page.text


def test_a_stamp_stands_where_the_page_has_it(reader: OcrEngine) -> None:
    for at, place in ((770, 0), (20, -1)):
        page = read(reader, making.scan_under(show_text(b"MARKED 17-B", size=10, at=(400, at))))
        lines = [line for line in page.text.split("\n") if line.strip()]
        assert "MARKED 17-B" in lines[place], page.text


def test_a_searchable_scan_is_neither_read_nor_doubled(reader: OcrEngine) -> None:
    layer = b"".join(
        show_text(line.encode(), size=11, at=(72, round(720 - (4 + number) * 15.5 - 8)), mode=3)
        for number, line in enumerate(BODY)
    )
    page = read(reader, making.scan_under(layer))
    assert (page.source, page.reason) == ("text-layer", "text-layer")
    assert has_body_once(page)


def test_two_ocr_layers_give_each_line_once(reader: OcrEngine) -> None:
    layer = b"".join(
        show_text(line.encode(), size=11, at=(72, round(720 - (4 + number) * 15.5 - 8) + shift), mode=3)
        for shift in (0, 2)
        for number, line in enumerate(BODY)
    )
    page = read(reader, making.scan_under(layer))
    assert has_body_once(page), page.text


def test_a_page_of_plain_text_is_not_drawn(reader: OcrEngine) -> None:
    recorder = Recorder()
    page_of(batch(reader, engine=recorder), text_pdf([letter(1)]))
    assert recorder.drawn == []


@pytest.mark.parametrize("kind", ["photograph", "drawing", "stripes"])
def test_a_title_over_a_picture_without_print_stays(reader: OcrEngine, kind: str) -> None:
    noise = random.Random(7)
    small = Image.frombytes("L", (17, 22), noise.randbytes(17 * 22))
    picture = {
        "photograph": small.resize((850, 1100), Image.Resampling.BICUBIC),
        "drawing": small.resize((850, 1100), Image.Resampling.NEAREST),
        "stripes": Image.linear_gradient("L").resize((850, 1100)),
    }[kind]
    page = read(reader, making.scan_under(show_text(b"REPORT ON THE HARBOUR", size=24, at=(90, 500)), picture))
    assert "REPORT ON THE HARBOUR" in page.text
    assert len(page.text.split()) <= 8, page.text


# --- text layers that are no text -------------------------------------------------------------------------------------


def cipher(shift: int) -> bytes:
    """A page whose font says of each letter that it is another one."""
    words = " ".join(BODY * 2).encode()
    mapping = [
        (code, chr((code - 97 + shift) % 26 + 97) if 97 <= code <= 122 else chr(code)) for code in sorted(set(words))
    ]
    return make_unicode_pdf(words, mapping)


@pytest.mark.parametrize("shift", [1, 3, 7, 22])
def test_a_layer_in_a_wrong_alphabet_is_not_taken(reader: OcrEngine, shift: int) -> None:
    assert read(reader, cipher(shift)).reason in ("garbage-text-layer", "weak-ocr")


def test_the_right_alphabet_is_taken(reader: OcrEngine) -> None:
    assert read(reader, cipher(0)).reason == "text-layer"


# --- blank means blank ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["DCTDecode", "JPXDecode", "JBIG2Decode", "CCITTFaxDecode", "BrotliDecode", "FlateDecode"]
)
@pytest.mark.parametrize("size", [1_500, 9_000])
def test_a_picture_that_cannot_be_decoded_is_no_blank_page(reader: OcrEngine, name: str, size: int) -> None:
    data = random.Random(size).randbytes(size)
    image = making.image_object(Image.new("L", (1700, 2200)), data=data, filter_name=name.encode())
    result = whole(reader, making.over(b"q 612 0 0 792 0 0 cm /X0 Do Q\n", [image], layer=b""))
    assert result.status is DocumentStatus.FAILED, result
    assert result.failure is not None
    assert (result.failure.cause, "page 1" in result.failure.message) == ("malformed", True)


def test_a_stamp_over_a_picture_that_cannot_be_decoded_is_a_part(reader: OcrEngine) -> None:
    image = making.image_object(
        Image.new("L", (1700, 2200)), data=random.Random(1).randbytes(9_000), filter_name=b"DCTDecode"
    )
    result = whole(reader, making.over(b"q 612 0 0 792 0 0 cm /X0 Do Q\n", [image], layer=making.stamp()))
    assert (result.status, STAMP in result.text) == (DocumentStatus.PARTIAL, True)


def test_a_cut_picture_gives_its_upper_part_and_says_so(reader: OcrEngine) -> None:
    page = making.page_image()
    data = zlib.compress(page.tobytes())
    image = making.image_object(page, data=data[: len(data) * 3 // 4])
    result = whole(reader, making.over(b"q 612 0 0 792 0 0 cm /X0 Do Q\n", [image], layer=b""))
    assert result.status is DocumentStatus.PARTIAL, result
    assert BODY[0] in join_words(result.text)
    assert result.pages[0].failure is not None
    assert "ends early" in result.pages[0].failure.message


@pytest.mark.parametrize("name", [b"FlateDecode", b"DCTDecode"])
def test_a_picture_that_ends_at_its_beginning_is_no_page_without_text(reader: OcrEngine, name: bytes) -> None:
    page, jpeg = making.page_image(), io.BytesIO()
    page.save(jpeg, "JPEG")
    data = jpeg.getvalue() if name == b"DCTDecode" else zlib.compress(page.tobytes())
    image = making.image_object(page, data=data[:700], filter_name=name)
    result = whole(reader, making.over(b"q 612 0 0 792 0 0 cm /X0 Do Q\n", [image], layer=b""))
    assert result.status is DocumentStatus.FAILED, result


def test_content_at_a_wrong_place_is_read_by_the_second_engine(reader: OcrEngine) -> None:
    good = text_pdf([letter(1)])
    place = good.index(b"<</Length") - len(b"6 0 obj\n")
    wrong = good.replace(b"%010d 00000 n " % place, b"%010d 00000 n " % (place + 90))
    assert wrong != good
    page = read(reader, wrong)
    assert (page.source, page.reason) == ("text-layer", "second-engine")


def test_content_that_does_not_unpack_is_no_blank_page(reader: OcrEngine) -> None:
    good = make_page_pdf(b"A" * 400)
    broken = good.replace(b"<</Length 400>>", b"<</Length 400/Filter/FlateDecode>>")
    for ocr in ("auto", "never"):
        page = read(reader, broken, ocr)
        assert (page.source, page.failure is not None) == ("none", True), page


def test_a_page_that_names_what_is_not_there_is_no_blank_page(reader: OcrEngine) -> None:
    pictured = make_page_pdf(b"q 612 0 0 792 0 0 cm /Im Do Q", resources=b"/XObject<</Im 40 0 R>>")
    without_content = make_page_pdf(b"q Q").replace(b"/Contents 4 0 R", b"/Contents 40 0 R")
    for pdf in (pictured, without_content):
        page = read(reader, pdf, "auto")
        assert (page.source, page.failure is not None) == ("none", True), page


def test_truly_blank_pages_are_blank(reader: OcrEngine) -> None:
    grey = making.scan_under(b"", Image.new("L", (850, 1100), 180))
    black = making.scan_under(b"", Image.new("L", (850, 1100), 0))
    for pdf in (blank_pdf(), make_page_pdf(b"q Q"), grey, black):
        result = whole(reader, pdf)
        assert (result.status, result.pages[0].reason) == (DocumentStatus.EMPTY, "blank")


@pytest.mark.parametrize(("paper", "ink"), [(235, 205), (240, 222), (200, 178), (120, 140), (60, 84)])
@pytest.mark.parametrize("ocr", ["auto", "always"])
def test_faint_print_is_read(reader: OcrEngine, paper: int, ink: int, ocr: str) -> None:
    page = read(reader, making.scan_under(b"", making.page_image(paper=paper, ink=ink)), ocr)
    assert page.source == "ocr", page
    assert sum(line in join_words(page.text) for line in BODY) >= 8, page.text


def test_print_that_shines_through_from_the_back_is_no_text(reader: OcrEngine) -> None:
    behind = making.page_image(paper=245, ink=225).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    page = read(reader, making.scan_under(b"", behind))
    assert (page.text, page.reason) == ("", "faint-marks")
