"""The skew of a page is found and taken out; level pages stay as they are."""

import pytest
from PIL import Image, ImageDraw, ImageOps

from pdfbatch.samples import letter
from pdfbatch.samples.scans import draw_page
from pdfbatch.work.skew import find_skew, is_sideways, straighten

SENTENCE = "This is a line of a letter of some length, and it goes on until the sheet of paper ends at last. "
LETTER = draw_page([(SENTENCE * 2)[row * 7 % 90 :][:70] for row in range(35)], 200)
SHORT = draw_page([line for text in letter(3) for line in (text, "")][:12], 200)


def skewed(page: Image.Image, degrees: float, paper: int = 255) -> Image.Image:
    """A page that lies askew, clockwise."""
    return page.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)


@pytest.mark.parametrize("page", [LETTER, SHORT])
@pytest.mark.parametrize("degrees", [-15, -11.3, -7, -4, 3.6, 5, 8.2, 12, 14.5])
def test_a_skew_is_found_to_a_degree(page: Image.Image, degrees: float) -> None:
    assert find_skew(skewed(page, degrees)) == pytest.approx(degrees, abs=0.8)


@pytest.mark.parametrize("degrees", [-2, -1, 0, 0.5, 2])
def test_a_page_that_is_nearly_level_is_the_same_object(degrees: float) -> None:
    page = skewed(LETTER, degrees)
    assert straighten(page) is page


def test_white_print_on_black_is_straightened_onto_black() -> None:
    page = straighten(skewed(ImageOps.invert(LETTER), 7, paper=0))
    assert find_skew(page) == 0
    assert page.getpixel((0, 0)) == 0


def test_a_skewed_page_on_its_side_is_straightened_and_stays_on_its_side() -> None:
    page = straighten(skewed(LETTER.rotate(90, expand=True), 6))
    assert find_skew(page) == 0
    assert is_sideways(page)


def test_upright_and_upside_down_pages_are_not_sideways() -> None:
    assert not is_sideways(LETTER)
    assert not is_sideways(LETTER.rotate(180))


def test_pictures_without_lines_have_no_skew() -> None:
    disc = Image.new("L", (1000, 1400), 255)
    ImageDraw.Draw(disc).ellipse((200, 300, 800, 900), fill=0)
    for picture in (disc, Image.effect_noise((800, 900), 80), Image.new("L", (800, 900), 180)):
        assert straighten(picture) is picture


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2), (40, 20)])
def test_tiny_pictures_have_no_skew(size: tuple[int, int]) -> None:
    assert find_skew(Image.new("L", size, 128)) == 0
