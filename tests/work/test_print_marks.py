"""Print is known by its shape: lines of small even marks, at any contrast."""

import random

import pytest
from PIL import Image, ImageChops, ImageDraw

from pdfbatch.ports import Box
from pdfbatch.work.print_marks import find_faint_print, find_print
from tests.work.making import BODY, page_image, point

SIZE = (612, 792)


def small(image: Image.Image) -> Image.Image:
    return image.resize(SIZE, Image.Resampling.BOX)


def grain(image: Image.Image, strength: int) -> Image.Image:
    noise = Image.frombytes("L", image.size, random.Random(strength).randbytes(image.width * image.height))
    return ImageChops.add(
        image, point(noise, [128 + (level - 128) * strength // 128 for level in range(256)]), offset=-128
    )


def test_lines_of_print_are_found_and_where_they_are() -> None:
    found = find_print(small(page_image()))
    assert found.amount > 150
    assert 0.1 < found.top < found.bottom < 0.4


def test_print_inside_of_boxes_does_not_count() -> None:
    page = small(page_image())
    assert find_print(page, [Box(0, 0, 612, 792)]).amount == 0
    assert 0 < find_print(page, [Box(0, 0, 612, 200)]).amount < find_print(page).amount


@pytest.mark.parametrize("kind", ["photograph", "stripes", "grid", "grain", "stain", "rules"])
def test_what_is_no_print_is_not_taken_for_it(kind: str) -> None:
    image = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(image)
    match kind:
        case "photograph":
            image = Image.frombytes("L", (17, 22), random.Random(3).randbytes(374)).resize(
                SIZE, Image.Resampling.BICUBIC
            )
        case "stripes":
            image = Image.linear_gradient("L").resize(SIZE)
        case "grid":
            for place in range(0, 800, 40):
                draw.line((place, 0, place, 792), fill=0)
                draw.line((0, place, 612, place), fill=0)
        case "grain":
            image = grain(Image.new("L", SIZE, 200), 60)
        case "stain":
            draw.ellipse((100, 100, 400, 600), fill=120)
        case _:
            for place in range(60, 780, 15):
                draw.line((40, place, 570, place), fill=0, width=1)
    assert find_print(image).amount < 40


@pytest.mark.parametrize(("paper", "ink"), [(235, 205), (250, 240), (200, 180), (60, 90), (40, 52)])
@pytest.mark.parametrize("strength", [0, 10])
def test_faint_print_is_found_on_paper_of_any_grey(paper: int, ink: int, strength: int) -> None:
    page = grain(page_image(paper=paper, ink=ink), strength)
    assert find_faint_print(small(page)).amount >= 20


def test_one_faint_line_is_found() -> None:
    assert find_faint_print(small(page_image(BODY[:1], paper=235, ink=215))).amount >= 3


@pytest.mark.parametrize("strength", [0, 5, 20, 60])
@pytest.mark.parametrize("paper", [235, 128, 30])
def test_grain_and_shadows_are_no_print(strength: int, paper: int) -> None:
    page = grain(Image.new("L", (1700, 2200), paper), strength)
    shadow = point(Image.linear_gradient("L").rotate(90).resize(page.size), [level // 6 for level in range(256)])
    assert find_faint_print(small(page)).amount < 3
    assert find_faint_print(small(ImageChops.subtract(page, shadow))).amount < 3


@pytest.mark.parametrize("size", [(1, 1), (7, 900), (900, 7), (15, 15)])
def test_an_image_of_any_size_can_be_looked_at(size: tuple[int, int]) -> None:
    image = Image.new("L", size, 200)
    assert find_print(image).amount == find_faint_print(image).amount == 0
