"""The resolution at which pages are drawn for OCR."""

import pytest

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import PageFacts
from pdfbatch.settings import Extraction
from pdfbatch.work.resolution import USUAL_DPI, dpi_for, dpi_for_small_print, dpi_within, pixels

BARE = PageFacts(width=612, height=792)
LOGO = PageFacts(width=612, height=792, images=1, image_coverage=0.05, image_dpi=150)
DRAWING = PageFacts(width=612, height=792, vector_objects=800)


def scan(width: float, height: float, dpi: float, coverage: float = 1.0) -> PageFacts:
    """A page of one image, its size in points."""
    return PageFacts(width=width, height=height, images=1, image_coverage=coverage, image_dpi=dpi)


@pytest.mark.parametrize("own", [72, 110, 199.6, 200, 300, 600])
def test_a_scan_of_a_plausible_size_is_drawn_at_the_usual_resolution(own: float) -> None:
    assert dpi_for(scan(612, 792, own), Extraction()) == USUAL_DPI


def test_a_page_that_no_image_fills_is_drawn_at_the_usual_resolution() -> None:
    assert dpi_for(LOGO, Extraction()) == USUAL_DPI


@pytest.mark.parametrize("facts", [BARE, DRAWING])
def test_a_page_without_images_is_drawn_more_finely(facts: PageFacts) -> None:
    assert dpi_for(facts, Extraction()) == 300


def test_the_least_resolution_lifts_that_of_each_page() -> None:
    finer = Extraction(min_dpi=400)
    for facts in (scan(612, 792, 110), LOGO, BARE, scan(612, 792, 300)):
        assert dpi_for(facts, finer) == 400
        assert dpi_for_small_print(400, None, facts, finer) == 800
    for facts in (scan(61.2, 79.2, 6000), scan(2550, 3300, 72)):
        assert dpi_for(facts, finer) == pytest.approx(2 * dpi_for(facts, Extraction()), abs=1)
    assert dpi_for(BARE, Extraction(min_dpi=100)) == 300


@pytest.mark.parametrize("facts", [BARE, scan(61, 79, 3000), scan(2550, 3300, 72), scan(612, 792, 300)])
def test_the_callers_resolution_holds_for_every_page(facts: PageFacts) -> None:
    assert dpi_for(facts, Extraction(dpi=300)) == 300
    assert dpi_for_small_print(300, None, facts, Extraction(dpi=300)) == 300


@pytest.mark.parametrize(
    ("points", "dpi"),
    [
        ((61.2, 79.2), 3000),  # a tenth of the sheet, or /UserUnit 10
        ((122.4, 158.4), 1500),
        ((2550, 3300), 72),  # one pixel a point
        ((1912, 2475), 96),
        ((4000, 6000), 72),  # a photograph of 24 megapixels
        ((6120, 7920), 30),
        ((1728, 2200), 72),  # a fax
    ],
)
def test_an_image_on_a_page_of_an_absurd_size_is_drawn_as_a_sheet(points: tuple[float, float], dpi: float) -> None:
    facts = scan(*points, dpi)
    drawn = dpi_for(facts, Extraction())
    assert 2150 <= max(facts.width, facts.height) * drawn / 72 <= 2250


@pytest.mark.parametrize(
    ("points", "dpi"),
    [
        ((2384, 3370), 150),  # a map of A0
        ((1190, 1684), 200),  # A3
        ((842, 1000), 72),  # coarse, but no larger than sheets are
        ((144, 252), 600),  # a business card
        ((226, 1100), 203),  # a till roll
    ],
)
def test_a_page_of_an_unusual_size_that_may_be_true_is_believed(points: tuple[float, float], dpi: float) -> None:
    assert dpi_for(scan(*points, dpi), Extraction()) == USUAL_DPI


def test_a_large_image_on_a_large_page_is_within_the_limit_when_its_pixels_are() -> None:
    assert dpi_within(100_000_000, scan(4000, 6000, 72), Extraction()) < 72


def test_a_page_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        dpi_within(1_000_000, BARE, Extraction())
    assert caught.value.cause is Cause.LIMIT_PIXELS


def test_a_page_a_little_too_large_is_drawn_a_little_smaller() -> None:
    dpi = dpi_within(3_000_000, BARE, Extraction())
    assert 150 <= dpi < USUAL_DPI
    assert pixels(BARE, dpi) <= 3_010_000


def test_small_print_is_drawn_twice_as_finely_within_the_limit() -> None:
    assert dpi_for_small_print(200, None, BARE, Extraction()) == 400
    assert dpi_for_small_print(200, 10_000_000, BARE, Extraction()) == 200


def test_pixels_round_each_side_up() -> None:
    assert pixels(PageFacts(width=612, height=792), 100) == 850 * 1100
    assert pixels(PageFacts(width=0, height=0.1), 72) == 1
