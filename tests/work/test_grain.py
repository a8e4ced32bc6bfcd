"""Heavy grain is averaged out before a page is read, and a page that has none stays as it is."""

import random

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from pdfbatch.ports import OcrEngine
from pdfbatch.testing.pictures import LINES, draw_page, join_words
from pdfbatch.work.grain import smooth_grain

DPI = 300


def grainy(deviation: int, picture: Image.Image | None = None) -> Image.Image:
    """Print on grey paper, with grain of up to so many grey levels."""
    picture = (draw_page() if picture is None else picture).point([60 + level * 140 // 255 for level in range(256)])
    levels = [128 + (level - 128) * deviation // 128 for level in range(256)]
    grain = Image.frombytes("L", picture.size, random.Random(1).randbytes(picture.width * picture.height))
    return ImageChops.add(picture, grain.point(levels), offset=-128)


@pytest.mark.parametrize("picture", [draw_page(), grainy(20), Image.new("L", (3, 900), 90), Image.new("L", (1, 1))])
def test_a_page_without_heavy_grain_is_left_as_it_is(picture: Image.Image) -> None:
    assert smooth_grain(picture, DPI) is picture


@pytest.mark.parametrize("size", [14, 17, 20, 23])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light paper", "dark paper"])
def test_small_print_without_a_margin_is_no_grain(size: int, is_dark: bool) -> None:
    picture, row = Image.new("L", (1000, 1000), 255), "Invoices are paid monthly while boats leave the quay. " * 9
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    for number in range(1000 // size):
        draw.text((-7 * number, number * round(size * 1.15)), row, font=font, fill=0)
    picture = ImageChops.invert(picture) if is_dark else picture
    assert smooth_grain(picture, 200) is picture
    assert smooth_grain(grainy(90, picture), 200) is not picture


def test_a_blank_margin_hides_no_grain_and_a_grainy_corner_is_no_grain() -> None:
    picture = Image.new("L", (1000, 1000), 255)
    picture.paste(grainy(200, picture.crop((0, 0, 300, 300))))
    assert smooth_grain(picture, DPI) is picture
    picture.paste(grainy(200, picture.crop((0, 0, 900, 1000))))
    assert smooth_grain(picture, DPI) is not picture


def test_a_page_of_heavy_grain_is_read(reader: OcrEngine) -> None:
    picture = smooth_grain(grainy(90), DPI)
    assert join_words(reader.read(picture, languages="eng", dpi=DPI).text) == " ".join(LINES)
