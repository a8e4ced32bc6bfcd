"""Lines that dirt drew through the writing are taken out; lines that belong to a page stay."""

import pytest
from PIL import Image, ImageDraw

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.samples import letter, scanned_pdf, text_pdf
from pdfbatch.testing.pictures import LINES, draw_page, join_words
from pdfbatch.work.streaks import find_streaks, remove_streaks

SIZE = (1700, 1200)
TEXT = LINES * 3
THROUGH_WRITING = (480, 801)


def lined(
    columns: tuple[int, ...], *, width: int = 2, top: int = 0, bottom: int = SIZE[1], grey: int = 0
) -> Image.Image:
    """A page of writing with vertical lines."""
    picture = draw_page(TEXT, size=SIZE)
    draw = ImageDraw.Draw(picture)
    for column in columns:
        draw.rectangle((column, top, column + width - 1, bottom), fill=grey)
    return picture


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_line_down_the_whole_page_through_the_writing_is_a_streak(width: int) -> None:
    assert find_streaks(lined(THROUGH_WRITING, width=width)) == [(column, column + width) for column in THROUGH_WRITING]


def test_a_streak_of_dots_is_one_too() -> None:
    picture = lined((480,), grey=40)
    ImageDraw.Draw(picture).rectangle((480, 300, 481, 420), fill=255)
    assert find_streaks(picture) == [(480, 482)]


def test_a_page_without_a_streak_is_the_very_same_picture() -> None:
    picture = draw_page(TEXT, size=SIZE)
    assert remove_streaks(picture) is picture


@pytest.mark.parametrize(
    "rule",
    [
        lined((30,)),
        lined((1600, 1608)),
        lined(THROUGH_WRITING, top=60),
        lined(THROUGH_WRITING, bottom=SIZE[1] - 60),
        lined(THROUGH_WRITING, width=8),
        lined(THROUGH_WRITING, grey=200),
    ],
    ids=["beside the writing", "a pair", "not to the top", "not to the bottom", "a bar", "faint"],
)
def test_a_line_that_belongs_to_the_page_stays(rule: Image.Image) -> None:
    assert remove_streaks(rule) is rule


@pytest.mark.parametrize("size", [(1, 1), (10, 3000), (3000, 1), (11, 11)])
def test_a_picture_of_any_size_can_be_looked_at(size: tuple[int, int]) -> None:
    assert find_streaks(Image.new("L", size, 255)) == find_streaks(Image.new("L", size, 0)) == []


def test_a_picture_is_mended_in_a_copy_and_nowhere_but_in_the_streak() -> None:
    picture, plain = lined((480,)), draw_page(TEXT, size=SIZE)
    before = picture.copy()
    found = remove_streaks(picture)
    assert picture == before
    assert found.crop((0, 0, 479, SIZE[1])) == plain.crop((0, 0, 479, SIZE[1]))
    assert found.crop((483, 0, *SIZE)) == plain.crop((483, 0, *SIZE))


def test_what_a_streak_cut_is_read_in_its_order(tesseract: TesseractEngine) -> None:
    def text_of(picture: Image.Image) -> str:
        return join_words(tesseract.read(picture, languages="eng", dpi=300).text)

    wanted = " ".join(TEXT)
    assert text_of(lined(THROUGH_WRITING)) != wanted
    assert text_of(remove_streaks(lined(THROUGH_WRITING))) == wanted


@pytest.mark.parametrize("pdf", [text_pdf([letter(1)]), scanned_pdf([letter(2)], noise=40, skew_degrees=0.7)])
def test_pages_as_they_are_have_no_streaks(pdf: bytes) -> None:
    with PdfiumEngine().open(pdf) as document, document.page(1) as opened:
        assert find_streaks(opened.image(300)) == []
