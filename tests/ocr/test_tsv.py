"""The text that is made of tesseract's table of words is the one that tesseract writes itself."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from pdfbatch.ocr import tsv
from pdfbatch.ocr.tessdata import find_folder, list_folders
from pdfbatch.ocr.tesserocr import TesserocrEngine
from pdfbatch.samples import letter
from pdfbatch.samples.scans import draw_page
from pdfbatch.testing.pictures import LINES, draw_receipt


def draw_pictures() -> Iterator[Image.Image]:
    """Prose, paragraphs, columns, a table, a receipt, pictures among and below print, print in frames, noise, nothing."""
    chance = random.Random(4)
    page = draw_page(letter(2), 150)
    yield page
    yield page.rotate(180)
    yield page.rotate(90, expand=True)
    yield ImageOps.invert(page)
    columns = Image.new("L", (1500, 1200), 255)
    for left in (40, 780):
        columns.paste(draw_page([text for text in LINES for _ in range(3)], 100).resize((700, 1100)), (left, 40))
    yield columns
    yield draw_receipt({"Coffee": "2.40", "Tea": "1.90", "Bread": "3.10", "Total": "7.40"})
    for place in ((100, 1300), (100, 500), (700, 100)):
        mixed = page.copy()
        mixed.paste(Image.effect_noise((400, 300), 90), place)
        yield mixed
    table = Image.new("L", (1200, 900), 255)
    draw, font = ImageDraw.Draw(table), ImageFont.load_default(28)
    for row in range(8):
        draw.line((60, 60 + row * 90, 1140, 60 + row * 90), fill=0, width=3)
        for column in range(4):
            draw.text((80 + column * 270, 85 + row * 90), f"{chance.randrange(10_000):,}.{row}", font=font, fill=0)
    yield table
    yield draw_page(["one", "", "", "two three", "", "", "", "four"], 150)
    yield Image.effect_noise((600, 600), 120)
    yield Image.new("L", (500, 400), 255)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return list(draw_pictures())


@pytest.mark.parametrize("number", range(13))
def test_the_text_of_the_words_is_tesseracts_own(
    tesserocr: TesserocrEngine, pictures: list[Image.Image], number: int
) -> None:
    from tesserocr import PyTessBaseAPI

    folder = tesserocr.tessdata or find_folder("eng", list_folders())
    with PyTessBaseAPI(path=folder, lang="eng") as opened:
        model: Any = opened
        model.SetImage(pictures[number])
        model.SetSourceResolution(150)
        model.Recognize()
        assert tsv.parse(model.GetTSVText(0)).text == model.GetUTF8Text()


HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def row(word: str, confidence: float = 90, *, block: int = 1, paragraph: int = 1, line: int = 1) -> str:
    """A row for a word."""
    return f"5\t1\t{block}\t{paragraph}\t{line}\t1\t0\t0\t9\t9\t{confidence}\t{word}\n"


def test_words_lines_and_paragraphs() -> None:
    table = HEADER + row("a") + row("b") + row("c", line=2) + row("d", paragraph=2) + row("e", block=2)
    assert tsv.parse(table).text == "a b\nc\n\nd\n\ne\n"


def test_a_picture_at_the_end_ends_the_paragraph_before() -> None:
    assert tsv.parse(row("a") + row(" ", block=2)).text == "a\n\n"


def test_weak_words_and_letters_of_sure_ones_are_counted() -> None:
    reading = tsv.parse(row("sure-1", 60) + row("weak", 59.99) + row("x", 99) + row(" ", 95))
    assert (reading.words, reading.weak_share, reading.letters) == (3, 0.3333, 6)
    assert reading.confidence == pytest.approx((60 + 59.99 + 99) / 3, abs=0.01)


def test_a_table_without_words_is_an_empty_reading() -> None:
    for table in ("", HEADER, row(" ")):
        reading = tsv.parse(table)
        assert (reading.text, reading.confidence, reading.words, reading.letters) == ("", None, 0, 0)


def test_carriage_returns_of_windows_do_not_count() -> None:
    assert tsv.parse((HEADER + row("a") + row("b")).replace("\n", "\r\n")).text == "a b\n"


@pytest.mark.parametrize("odd", [row("a", float("nan")), row("a", float("inf")), row("a\tb"), "5\t1\t1\n"])
def test_a_row_that_tesseract_never_writes_is_none_of_a_table(odd: str) -> None:
    with pytest.raises(ValueError, match=r"a row|a confidence"):
        tsv.parse(row("good") + odd)


def test_a_reading_says_whether_its_words_run_down_the_page(tesserocr: TesserocrEngine) -> None:
    page = draw_page(letter(2), 150)
    for angle, runs_down in ((0, False), (-90, True)):
        reading = tesserocr.read(page.rotate(angle, expand=True), languages="eng", dpi=150)
        assert (reading.sideways, (reading.confidence or 0) > 80) == (runs_down, True)
    assert not tsv.parse("").sideways
