"""The resolution at which pages are drawn for OCR."""

import pytest

from pdfbatch.ports import PageFacts
from pdfbatch.settings import Extraction
from pdfbatch.work.resolution import dpi_for, pixels

BARE = PageFacts(width=612, height=792)
LOGO = PageFacts(width=612, height=792, images=1, image_coverage=0.05, image_dpi=150)
DRAWING = PageFacts(width=612, height=792, vector_objects=800)


@pytest.mark.parametrize(("own", "drawn"), [(72, 150), (199.6, 200), (300, 300), (600, 300)])
def test_a_scan_is_drawn_at_its_own_resolution_within_bounds(own: float, drawn: int) -> None:
    facts = PageFacts(width=612, height=792, images=1, image_coverage=1.0, image_dpi=own)
    assert dpi_for(facts, Extraction(dpi=300, min_dpi=150)) == drawn


@pytest.mark.parametrize("facts", [BARE, LOGO, DRAWING])
def test_a_page_that_no_image_fills_is_drawn_at_full_resolution(facts: PageFacts) -> None:
    assert dpi_for(facts, Extraction(dpi=300)) == 300


def test_pixels_round_each_side_up() -> None:
    assert pixels(PageFacts(width=612, height=792), 100) == 850 * 1100
    assert pixels(PageFacts(width=0, height=0.1), 72) == 1
