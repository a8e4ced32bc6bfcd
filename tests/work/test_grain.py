"""Heavy grain is averaged out before a page is read, and a page that has none stays as it is."""

import random

import pytest
from PIL import Image, ImageChops

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


def test_a_blank_margin_hides_no_grain_and_a_grainy_corner_is_no_grain() -> None:
    picture = Image.new("L", (1000, 1000), 255)
    picture.paste(grainy(200, picture.crop((0, 0, 300, 300))))
    assert smooth_grain(picture, DPI) is picture
    picture.paste(grainy(200, picture.crop((0, 0, 900, 1000))))
    assert smooth_grain(picture, DPI) is not picture


def test_a_page_of_heavy_grain_is_read(reader: OcrEngine) -> None:
    picture = smooth_grain(grainy(90), DPI)
    assert join_words(reader.read(picture, languages="eng", dpi=DPI).text) == " ".join(LINES)
