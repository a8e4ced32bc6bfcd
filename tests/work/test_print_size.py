"""Small print is told from ordinary print, and nothing else is taken for it."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from pdfbatch.work.print_size import has_small_print

Change = Callable[[Image.Image], Image.Image]
SENTENCE = (
    "The parties agree that the papers named above are to be produced by the first of May, under seal and signed. "
)


def sheet(points: float, *, dpi: int = 200, leading: float = 1.3) -> Image.Image:
    """A letter sheet full of print."""
    picture = Image.new("L", (round(8.5 * dpi), 11 * dpi), 255)
    draw, size = ImageDraw.Draw(picture), points * dpi / 72
    font, step = ImageFont.load_default(size), size * leading
    for row in range(int((picture.height - dpi) / step)):
        draw.text(
            (dpi / 2, dpi / 2 + row * step), (SENTENCE * 3)[row % 40 :][: round(13 * dpi / size)], font=font, fill=0
        )
    return picture


def itself(page: Image.Image) -> Image.Image:
    """The page as it is."""
    return page


def put_on_its_side(page: Image.Image) -> Image.Image:
    """The page with its lines from top to bottom."""
    return page.transpose(Image.Transpose.ROTATE_90)


@pytest.mark.parametrize("points", [4, 4.5])
@pytest.mark.parametrize("change", [itself, ImageOps.invert, put_on_its_side])
def test_small_print_is_found(points: float, change: Change) -> None:
    assert has_small_print(change(sheet(points)))


@pytest.mark.parametrize("points", [7, 8, 10, 12, 18, 30])
@pytest.mark.parametrize("change", [itself, ImageOps.invert, put_on_its_side])
def test_ordinary_print_is_not_small(points: float, change: Change) -> None:
    assert not has_small_print(change(sheet(points)))


def test_faint_small_print_is_found() -> None:
    assert has_small_print(sheet(4.5).point([level * 70 // 255 + 170 for level in range(256)]))


def test_rules_are_no_print() -> None:
    page = sheet(10)
    draw = ImageDraw.Draw(page)
    for row in range(100, 2200, 24):
        draw.line((100, row, 1600, row), fill=0, width=3)
    assert not has_small_print(page)


def test_dots_are_no_print() -> None:
    dots = Image.new("L", (1700, 2200), 255)
    for x in range(0, 1700, 6):
        for y in range(0, 2200, 6):
            dots.putpixel((x, y), 0)
    assert not has_small_print(dots)


def test_of_a_few_words_nothing_is_known() -> None:
    page = Image.new("L", (1700, 2200), 255)
    ImageDraw.Draw(page).text((800, 1000), "12", font=ImageFont.load_default(12), fill=0)
    assert not has_small_print(page)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (7, 7)])
def test_tiny_pictures_have_no_print(size: tuple[int, int]) -> None:
    assert not has_small_print(Image.new("L", size, 0))
