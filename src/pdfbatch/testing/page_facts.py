"""The contract of text engines that fill every field of ``PageFacts`` exactly."""

import unittest

from pdfbatch.ports import PageFacts
from pdfbatch.testing.pdfs import make_form, make_image, make_page_pdf, make_unmapped_pdf, show_text
from pdfbatch.testing.text_engines import TextEngineContract

_LETTER_AREA = 612 * 792


class PageFactsContract(TextEngineContract):
    """``TextEngineContract``, and the exact meaning of each field of ``PageFacts``. Subclass it in the same way."""

    sees_glyphs: bool = True
    """``False`` for an engine that cannot tell which glyphs are unmapped or invisible: it then counts 0 of both."""

    def test_invisible_glyphs_are_counted_apart(self) -> None:
        self._must_see_glyphs()
        facts = self._facts_of(make_page_pdf(show_text(b"seen") + show_text(b"unseen", mode=3, at=(72, 600))))
        assert facts.invisible_glyphs == 6
        assert facts.glyphs >= 10

    def test_glyphs_without_a_unicode_value_are_counted_apart(self) -> None:
        self._must_see_glyphs()
        facts = self._facts_of(make_unmapped_pdf(3))
        assert (facts.unmapped_glyphs, facts.glyphs) == (3, 3)

    def test_each_path_is_a_vector_object(self) -> None:
        assert self._facts_of(make_page_pdf(b"0 0 m 9 9 l S\n" * 7)).vector_objects == 7

    def test_strips_cover_what_they_cover_together(self) -> None:
        strips = b"".join(b"q 612 0 0 9.9 0 %.1f cm /Im Do Q\n" % (index * 9.9) for index in range(80))
        facts = self._image_facts(strips, make_image(612, 10))
        assert (facts.image_coverage, facts.images) == (1.0, 80)

    def test_images_on_top_of_each_other_cover_once(self) -> None:
        facts = self._image_facts(b"q 612 0 0 396 0 0 cm /Im Do Q\n" * 3)
        assert abs(facts.image_coverage - 0.5) <= 0.02

    def test_only_what_lies_on_the_page_covers_it(self) -> None:
        facts = self._image_facts(b"q 612 0 0 792 306 0 cm /Im Do Q q 612 0 0 792 5000 0 cm /Im Do Q")
        assert abs(facts.image_coverage - 0.5) <= 0.02

    def test_the_crop_box_is_the_page(self) -> None:
        boxes = b"/MediaBox[0 0 612 792]/CropBox[306 396 612 792]"
        facts = self._image_facts(b"q 306 0 0 396 306 396 cm /Im Do Q", page=boxes)
        assert (facts.width, facts.height, facts.image_coverage) == (306, 396, 1.0)

    def test_a_turned_image_covers_where_it_lies(self) -> None:
        facts = self._image_facts(b"q 0 792 -612 0 612 0 cm /Im Do Q", make_image(792, 612))
        assert facts.image_coverage == 1.0
        assert abs(facts.image_dpi - 72) <= 1

    def test_the_resolution_is_that_of_the_largest_image(self) -> None:
        pdf = make_page_pdf(
            b"q 612 0 0 612 0 0 cm /Im Do Q q 10 0 0 10 0 700 cm /Small Do Q",
            resources=b"/XObject<</Im 10 0 R/Small 11 0 R>>",
            more=[make_image(1275, 1275), make_image(100, 100)],
        )
        assert abs(self._facts_of(pdf).image_dpi - 150) <= 1

    def test_an_image_inside_forms_is_found_where_it_lies(self) -> None:
        inner = make_form(
            b"q 300 0 0 300 0 0 cm /Im Do Q", entries=b"/Matrix[1 0 0 1 6 96]", resources=b"/XObject<</Im 10 0 R>>"
        )
        outer = make_form(b"q 2 0 0 2 0 0 cm /Fm Do Q", resources=b"/XObject<</Fm 11 0 R>>")
        resources = b"/XObject<</Fm 12 0 R>>"
        facts = self._facts_of(make_page_pdf(b"/Fm Do", resources=resources, more=[make_image(600, 600), inner, outer]))
        assert facts.images == 1
        assert abs(facts.image_coverage - 600 * 600 / _LETTER_AREA) <= 0.03
        assert abs(facts.image_dpi - 72) <= 1

    def test_an_inline_image_counts(self) -> None:
        inline = b"q 612 0 0 792 0 0 cm BI /W 2 /H 2 /CS /G /BPC 8 ID \x00\xff\x00\xff EI Q"
        facts = self._facts_of(make_page_pdf(inline))
        assert (facts.images, facts.image_coverage) == (1, 1.0)

    def test_an_annotation_that_is_drawn_is_a_vector_object_and_a_link_is_not(self) -> None:
        page = b"/MediaBox[0 0 612 792]/Annots[10 0 R 11 0 R]"
        more = [b"<</Type/Annot/Subtype/%s/Rect[0 0 99 99]>>" % kind for kind in (b"Stamp", b"Link")]
        assert self._facts_of(make_page_pdf(b"", page=page, more=more)).vector_objects == 1

    def test_of_very_many_paths_some_thousands_are_counted(self) -> None:
        facts = self._facts_of(make_page_pdf(b"0 0 m 9 9 l S\n" * 20_000))
        assert 1_000 <= facts.vector_objects <= 5_000

    def _must_see_glyphs(self) -> None:
        if not self.sees_glyphs:
            raise unittest.SkipTest("it cannot tell glyphs apart")

    def _image_facts(self, content: bytes, image: bytes = b"", *, page: bytes = b"/MediaBox[0 0 612 792]") -> PageFacts:
        """Return the facts about a page that draws one image, ``/Im``, here and there."""
        resources = b"/XObject<</Im 10 0 R>>"
        return self._facts_of(make_page_pdf(content, resources=resources, page=page, more=[image or make_image(8, 8)]))
