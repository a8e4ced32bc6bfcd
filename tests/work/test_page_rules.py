"""Which pages need OCR."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from pdfbatch.model import Reason
from pdfbatch.ports import PageFacts
from pdfbatch.settings import Extraction, PageRules
from pdfbatch.work.page_rules import (
    Decision,
    decide,
    dpi_for,
    ink_share,
    is_blank,
    needs_inspection,
    pixels,
    split,
)
from pdfbatch.work.text_signs import garbage_share

RULES = PageRules()
PROSE = "The parties agree that the papers named above are to be produced by the first of May. " * 10
STAMP = "EXHIBIT C-0003"
CIPHER = "\x1f\x16\x01\x1e\x15%\x01&\x1f!\x1b\x01\x12\x07\x01\x14\x12\x1e" * 30
BARE = PageFacts(width=612, height=792)
SCAN = PageFacts(width=612, height=792, images=1, image_coverage=1.0, image_dpi=200)
LOGO = PageFacts(width=612, height=792, images=1, image_coverage=0.05, image_dpi=150)
DRAWING = PageFacts(width=612, height=792, vector_objects=800)


def paper(grey: int = 255, size: tuple[int, int] = (850, 1100)) -> Image.Image:
    return Image.new("L", size, grey)


def written(on: Image.Image, words: str, *, grey: int = 0, size: float = 14) -> Image.Image:
    ImageDraw.Draw(on).text((400, 1000), words, fill=grey, font_size=size)
    return on


# --- text layer alone ------------------------------------------------------------------------------------------------


def test_a_page_of_prose_needs_no_inspection() -> None:
    assert not needs_inspection(PROSE, RULES)


@pytest.mark.parametrize("text", ["", "   \n\n", STAMP, "_" * 500, ". , ; " * 300])
def test_a_page_with_few_letters_needs_inspection(text: str) -> None:
    assert needs_inspection(text, RULES)


@pytest.mark.parametrize("letters", ["я", "漢", "ع", "\uff17"])
def test_letters_and_digits_of_any_script_count(letters: str) -> None:
    assert not needs_inspection(letters * 200, RULES)
    assert needs_inspection(letters * 199, RULES)


def test_letters_far_down_a_page_count() -> None:
    assert not needs_inspection(" \n." * 5000 + PROSE, RULES)


@pytest.mark.parametrize("garbage", ["\x01", "\ue123", "\ufffd", "\U000f0854", "\x9b"])
def test_a_tenth_of_garbage_needs_inspection(garbage: str) -> None:
    assert needs_inspection(PROSE + garbage * 100, RULES)


def test_a_few_private_bullets_need_no_inspection() -> None:
    assert not needs_inspection(PROSE + "\uf0b7 item\n" * 5, RULES)


def test_a_huge_page_without_letters_is_looked_at_in_no_time() -> None:
    assert needs_inspection("_" * 2_000_000 + "a" * 199, RULES)


# --- the decision -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "facts", "source", "reason"),
    [
        (PROSE, BARE, "text", Reason.TEXT_LAYER),
        (PROSE, SCAN, "look", Reason.TEXT_LAYER),
        (STAMP, BARE, "text", Reason.LITTLE_TEXT_NO_SCAN),
        (STAMP, LOGO, "look", Reason.LITTLE_TEXT_NO_SCAN),
        (STAMP, DRAWING, "look", Reason.LITTLE_TEXT_NO_SCAN),
        (STAMP, SCAN, "ocr", Reason.STAMP_OVER_IMAGE),
        ("", SCAN, "ocr", Reason.NO_TEXT_LAYER),
        (" \n", SCAN, "ocr", Reason.NO_TEXT_LAYER),
        ("", LOGO, "preview", Reason.NO_TEXT_LAYER),
        ("", DRAWING, "preview", Reason.NO_TEXT_LAYER),
        (CIPHER, BARE, "ocr", Reason.GARBAGE_TEXT_LAYER),
        ("", BARE, "text", Reason.BLANK),
    ],
)
def test_each_kind_of_page_goes_where_it_belongs(text: str, facts: PageFacts, source: str, reason: Reason) -> None:
    decision = decide(text, facts, RULES)
    assert (decision.source, decision.reason) == (source, reason)


def test_text_of_unmapped_glyphs_is_garbage_although_it_looks_right() -> None:
    facts = PageFacts(width=612, height=792, glyphs=1000, unmapped_glyphs=900)
    assert decide(PROSE, facts, RULES) == Decision("ocr", Reason.GARBAGE_TEXT_LAYER)


def test_the_share_of_garbage_is_of_visible_characters() -> None:
    assert garbage_share("a b\n\x01 \ufffd" + " " * 100) == 0.5
    assert garbage_share("clean") == garbage_share("") == 0.0


def test_thresholds_are_the_callers() -> None:
    assert decide(STAMP, SCAN, PageRules(stamp_characters=5)).source == "look"
    assert decide(STAMP, LOGO, PageRules(image_coverage=0.01)).source == "ocr"


# --- resolution and size ----------------------------------------------------------------------------------------------


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


# --- blank pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grey", [255, 200, 90, 0])
def test_an_even_page_of_any_grey_is_blank(grey: int) -> None:
    assert ink_share(paper(grey)) == 0.0
    assert is_blank(paper(grey), RULES)


def test_the_grain_of_a_scan_is_blank() -> None:
    grain = Image.effect_noise((1700, 2200), 12).point([min(level + 90, 255) for level in range(256)])
    assert is_blank(grain, RULES)


@pytest.mark.parametrize(("paper_grey", "ink_grey"), [(255, 0), (200, 60), (255, 210), (0, 255)])
def test_a_line_of_text_on_any_paper_is_not_blank(paper_grey: int, ink_grey: int) -> None:
    assert not is_blank(written(paper(paper_grey), "Intentionally left", grey=ink_grey), RULES)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_single_number_is_not_blank_at_any_resolution(scale: int) -> None:
    page = written(paper(size=(612 * scale + 400, 792 * scale + 400)), "12", size=10 * scale)
    assert not is_blank(page, PageRules(blank_ink=0.00002))


# --- parts ------------------------------------------------------------------------------------------------------------


def test_pages_that_fit_one_part_are_not_split() -> None:
    assert split((), 4) == split((7,), 4) == split((1, 2, 3, 4), 4) == ()


def test_parts_are_even() -> None:
    assert split(range(1, 6), 4) == ((1, 2), (3, 4, 5))


@given(st.lists(st.integers(1, 10_000), unique=True).map(sorted), st.integers(1, 20))
def test_parts_hold_every_page_once_in_order_and_no_more_than_allowed(pages: list[int], part_pages: int) -> None:
    parts = split(pages, part_pages)
    if not parts:
        assert len(pages) <= part_pages
        return
    assert [page for part in parts for page in part] == pages
    sizes = [len(part) for part in parts]
    assert max(sizes) <= part_pages
    assert max(sizes) - min(sizes) <= 1
