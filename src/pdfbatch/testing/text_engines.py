"""The contracts of text engines: one test for each sentence of ``pdfbatch.ports`` about them."""

import os
import pickle
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pdfbatch import samples
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import DocumentExtras
from pdfbatch.ports import PageFacts, SupportsEvidence, TextEngine, pixels_per_side
from pdfbatch.testing.pdfs import (
    make_field_pdf,
    make_form,
    make_image,
    make_page_pdf,
    make_unicode_pdf,
    show_text,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_LETTER_AREA = 612 * 792
_ODD_NAMES = ("a b.PDF", "#%20?.pdf", "Écriture.pdf", "e\u0301.pdf", "漢字.pdf", "no suffix", "-rf.pdf", "new\nline")
_LOOKS = {
    b"PK\x03\x04" + b"\0" * 100: "a ZIP archive",
    b"\x89PNG\r\n\x1a\n" + b"\0" * 100: "a PNG image",
    "Dear Sir, the café\n".encode() * 100: "plain text",
}
# without a page object, too: an engine may find one that is in no tree
_WITHOUT_PAGES = (
    make_page_pdf(b"").replace(b"/Kids[3 0 R]/Count 1", b"/Kids[     ]/Count 0").replace(b"/Type/Page/", b"/Type/None/")
)


class TextEngineContract:
    """The tests of a text engine. Subclass it in a test module and say how to make the engine; pytest does the rest.

        class TestMyEngine(TextEngineContract):
            def make_engine(self) -> TextEngine:
                return MyEngine()

    An engine that fills every field of ``PageFacts`` exactly is tested by ``PageFactsContract`` instead.
    """

    draws: bool = True
    """``False`` for an engine that cannot draw pages: its ``image`` then raises ``DocumentError``."""

    sees_annotations: bool = True
    """``False`` for an engine that does not read form fields and annotations."""

    def make_engine(self) -> TextEngine:
        """Return the engine under test."""
        raise NotImplementedError

    # --- the engine, a value --------------------------------------------------------------------------------------

    def test_it_has_a_name_and_a_version(self) -> None:
        engine = self.make_engine()
        assert engine.name
        assert engine.version

    def test_it_travels_to_a_worker(self) -> None:
        engine = self.make_engine()
        copy = pickle.loads(pickle.dumps(engine))  # noqa: S301 (our own pickle)
        assert (copy.name, copy.version) == (engine.name, engine.version)
        assert _text_of(copy, samples.text_pdf(["Hello"])).strip() == "Hello"

    def test_two_documents_are_open_at_once(self) -> None:
        engine = self.make_engine()
        with engine.open(samples.text_pdf(["one"])) as first, engine.open(samples.text_pdf(["two"])) as second:
            with first.page(1) as one, second.page(1) as two:
                assert (one.text().strip(), two.text().strip()) == ("one", "two")
            with first.page(1) as one:
                assert one.text().strip() == "one"

    def test_threads_read_a_document_each(self) -> None:
        engine = self.make_engine()
        words = [f"word{number}" for number in range(12)]
        pdfs = [samples.text_pdf([word]) for word in words]
        with ThreadPoolExecutor(4) as threads:
            texts = list(threads.map(partial(_text_or_error, engine), pdfs))
        assert texts == words, f"threads get the texts of each other, or in the way of each other: {texts}"

    def test_what_goes_wrong_while_it_is_open_comes_out_as_it_is(self) -> None:
        for error in (ValueError("the caller's own"), DocumentError("the caller's own", cause=Cause.INTERNAL)):
            raised: BaseException | None = None
            try:
                with self.make_engine().open(samples.text_pdf(["one"])) as document, document.page(1):
                    raise error
            except (ValueError, DocumentError) as caught:
                raised = caught
            assert raised is error, (
                f"{error!r} came out as {raised!r}: catch around your own calls only, not around yield"
            )

    def test_a_closed_document_leaves_no_file_open(self, tmp_path: Path) -> None:
        if not os.path.isdir("/proc/self/fd"):
            raise unittest.SkipTest("open files are not listed here")
        sound, broken = tmp_path / "sound.pdf", tmp_path / "broken.pdf"
        sound.write_bytes(samples.text_pdf(["Hello"]))
        broken.write_bytes(b"%PDF-1.7\n" + b"garbage " * 200)
        assert _text_of(self.make_engine(), str(sound)).strip() == "Hello"
        error = _refusal(self.make_engine(), str(broken))
        assert not {str(sound), str(broken)} & set(_list_open_files()), f"a file is still open; the error was {error}"

    # --- text -----------------------------------------------------------------------------------------------------

    def test_each_page_has_its_own_text(self) -> None:
        with self.make_engine().open(samples.text_pdf(["First page", "Second page", "Third page"])) as document:
            assert document.page_count == 3
            for number, word in enumerate(("First", "Second", "Third"), 1):
                with document.page(number) as page:
                    assert page.text().strip() == f"{word} page"

    def test_pages_can_be_read_in_any_order_and_again(self) -> None:
        with self.make_engine().open(samples.text_pdf(["one", "two"])) as document:
            for number, word in ((2, "two"), (1, "one"), (2, "two")):
                with document.page(number) as page:
                    assert page.text().strip() == page.text().strip() == word

    def test_lines_end_in_newlines_only(self) -> None:
        text = _text_of(self.make_engine(), samples.text_pdf(["one\ntwo\nthree"]))
        assert text.split("\n")[:3] == ["one", "two", "three"]
        assert "\r" not in text

    def test_a_page_without_text_gives_none(self) -> None:
        assert _text_of(self.make_engine(), samples.blank_pdf()) == ""

    def test_a_form_feed_in_a_page_becomes_white_space(self) -> None:
        text = _text_of(self.make_engine(), make_unicode_pdf(b"ABC", [(0x41, "x"), (0x42, "\f"), (0x43, "y")]))
        assert "\f" not in text
        assert text.split() == ["x", "y"]

    def test_text_can_be_stored_as_utf8_whatever_glyphs_mean(self) -> None:
        for meaning, stored in (("\ud835", "\ufffd"), ("\U0001d44e", "\U0001d44e"), ("é", "é"), ("漢", "漢")):
            mapping = [(0x41, "x"), (0x42, meaning), (0x43, "y")]
            text = _text_of(self.make_engine(), make_unicode_pdf(b"ABC", mapping))
            assert text.encode().decode().strip() in (f"x{stored}y", "xy"), (meaning, text)

    def test_a_hyphen_at_the_end_of_a_line_stays_and_so_does_the_line(self) -> None:
        text = _text_of(self.make_engine(), samples.text_pdf(["They had a per-\nmit for it."]))
        assert [line.strip() for line in text.splitlines()] == ["They had a per-", "mit for it."], text

    def test_no_control_character_is_in_a_text(self) -> None:
        mapping = [(0x41, "x"), (0x42, "\x01"), (0x43, "\x1f"), (0x44, "\uffff"), (0x45, "\x02"), (0x46, "y")]
        text = _text_of(self.make_engine(), make_unicode_pdf(b"ABCDEF", mapping))
        assert {"x", "y"} <= set(text), f"the letters around the control characters are lost: {text!r}"
        assert not {"\x01", "\x02", "\x1f", "\ufffe", "\uffff"} & set(text), f"storable_text was not asked: {text!r}"

    def test_boxes_of_text_lie_where_the_page_shows_it(self) -> None:
        pdf = make_page_pdf(show_text(b"Seen", at=(72, 700)), page=b"/MediaBox[0 0 612 792]/Rotate 90")
        with self.make_engine().open(pdf) as document, document.page(1) as page:
            for box in page.text_boxes():
                assert 690 < box.left < box.right < 720, box
                assert 65 < box.top < box.bottom < 110, box

    # --- form fields and annotations ------------------------------------------------------------------------------

    def test_a_value_of_a_form_field_stands_behind_its_label(self) -> None:
        self._must_see_annotations()
        content = show_text(b"Name:") + show_text(b"Town:", at=(72, 660))
        words = _text_of(self.make_engine(), make_field_pdf(content, [("Ada Byron", (150, 695, 350, 713))])).split()
        assert words == ["Name:", "Ada", "Byron", "Town:"], words

    def test_annotations_are_left_out_on_demand(self) -> None:
        pdf = make_field_pdf(show_text(b"Name:"), [("Ada", (150, 695, 350, 713))])
        with self.make_engine().open(pdf, annotations=False) as document, document.page(1) as page:
            assert page.text().split() == ["Name:"]

    def test_what_is_hidden_or_not_to_be_printed_is_not_in_the_text(self) -> None:
        self._must_see_annotations()
        for flags in (0, 1, 2, 6, 32, 36):
            pdf = make_field_pdf(show_text(b"Name:"), [("Ada", (150, 695, 350, 713))], flags=flags)
            assert _text_of(self.make_engine(), pdf).split() == ["Name:"], flags

    def test_each_value_is_there_once_however_often_a_page_is_read(self) -> None:
        self._must_see_annotations()
        pdf = make_field_pdf(show_text(b"Name:"), [("Ada", (150, 695, 350, 713))])
        with self.make_engine().open(pdf) as document:
            for _ in range(3):
                with document.page(1) as page:
                    assert page.text().split() == page.text().split() == ["Name:", "Ada"]

    # --- extras ---------------------------------------------------------------------------------------------------

    def test_a_plain_document_has_no_extras(self) -> None:
        with self.make_engine().open(samples.text_pdf(["Hello"])) as document:
            assert document.extras == DocumentExtras()

    # --- evidence, from engines that have it ----------------------------------------------------------------------

    def test_a_page_of_text_is_plain_and_one_with_a_picture_or_a_form_is_not(self) -> None:
        assert self._is_plain(samples.text_pdf(["word " * 300])) is not False
        scan = make_page_pdf(
            show_text(b"seen") + b"q 612 0 0 792 0 0 cm /Im Do Q",
            resources=b"/XObject<</Im 10 0 R>>",
            more=[make_image(612, 792)],
        )
        form = make_page_pdf(
            show_text(b"seen") + b"/Fm Do", resources=b"/XObject<</Fm 10 0 R>>", more=[make_form(b"0 0 600 700 re f")]
        )
        for pdf in (scan, form):
            assert self._is_plain(pdf) is not True

    def test_a_sound_image_does_not_end_early_and_can_be_decoded(self) -> None:
        with self.make_engine().open(samples.scanned_pdf(["Hello"])) as document, document.page(1) as page:
            if not isinstance(page, SupportsEvidence):
                raise unittest.SkipTest("it has no evidence")
            assert page.cut_images() == 0
            assert page.count_lost_images() == 0
            assert page.count_lost_texts() == 0

    # --- sources --------------------------------------------------------------------------------------------------

    def test_a_file_of_any_name_is_read(self, tmp_path: Path) -> None:
        for name in _ODD_NAMES:
            path = tmp_path / name
            path.write_bytes(samples.text_pdf(["Hello"]))
            assert _text_of(self.make_engine(), str(path)).strip() == "Hello", name

    def test_a_name_that_is_no_unicode_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "\udcff.pdf"
        try:
            path.write_bytes(samples.text_pdf(["Hello"]))
        except OSError as error:
            raise unittest.SkipTest("this file system takes Unicode names only") from error
        assert _text_of(self.make_engine(), str(path)).strip() == "Hello"

    def test_an_error_about_such_a_name_can_be_stored(self, tmp_path: Path) -> None:
        str(_refusal(self.make_engine(), str(tmp_path / "\udcff.pdf"))).encode()

    # --- refusals -------------------------------------------------------------------------------------------------

    def test_what_is_no_pdf_is_called_what_it_looks_like(self) -> None:
        for content, look in {samples.html_page(): "an HTML page", **_LOOKS}.items():
            error = _refusal(self.make_engine(), content)
            assert (error.cause, error.transient) == (Cause.NOT_A_PDF, False), (look, error)
            assert look in str(error), (look, error)

    def test_no_bytes_are_an_empty_input(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.pdf"
        path.touch()
        for source in (b"", str(path)):
            assert _refusal(self.make_engine(), source).cause is Cause.EMPTY_INPUT

    def test_a_broken_pdf_is_malformed_and_named(self, tmp_path: Path) -> None:
        path = tmp_path / "broken.pdf"
        path.write_bytes(b"%PDF-1.7\n" + b"garbage " * 200)
        error = _refusal(self.make_engine(), str(path))
        assert error.cause is Cause.MALFORMED, error
        assert str(error).startswith(f"{path}: "), error

    def test_a_pdf_without_pages_is_malformed(self) -> None:
        assert _refusal(self.make_engine(), _WITHOUT_PAGES).cause is Cause.MALFORMED

    def test_a_missing_file_is_not_found(self, tmp_path: Path) -> None:
        assert _refusal(self.make_engine(), str(tmp_path / "missing.pdf")).cause is Cause.STORAGE_NOT_FOUND

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        assert _refusal(self.make_engine(), str(tmp_path)).cause is Cause.NOT_A_FILE

    def test_a_page_that_is_not_there_is_malformed_and_named(self) -> None:
        with self.make_engine().open(samples.text_pdf(["one", "two"])) as document:
            for number in (0, 3):
                with _catching(f"page({number}) of two pages") as caught, document.page(number):
                    pass
                assert caught.error.cause is Cause.MALFORMED
                assert f"page {number}" in str(caught.error)

    # --- passwords ------------------------------------------------------------------------------------------------

    def test_an_empty_password_is_tried_by_itself_and_after_a_wrong_one(self) -> None:
        for password in (None, "wrong"):
            text = _text_of(self.make_engine(), samples.encrypted_pdf(["Sealed"]), password)
            assert text.strip() == "Sealed", password

    def test_the_password_opens_the_document(self) -> None:
        sealed = samples.encrypted_pdf(["Sealed"], password="söcret")  # noqa: S106 (of a sample)
        assert _text_of(self.make_engine(), sealed, "söcret").strip() == "Sealed"

    def test_without_the_password_it_is_required_and_not_told(self) -> None:
        sealed = samples.encrypted_pdf(["Sealed"], password="hunter2")  # noqa: S106 (of a sample)
        for password in (None, "", "wrong"):
            error = _refusal(self.make_engine(), sealed, password)
            assert error.cause is Cause.PASSWORD_REQUIRED, (password, error)
            assert not {"hunter2", password or "hunter2"} & set(str(error).split())

    def test_a_password_that_is_not_needed_does_no_harm(self) -> None:
        assert _text_of(self.make_engine(), samples.text_pdf(["Open"]), "any").strip() == "Open"

    # --- metadata -------------------------------------------------------------------------------------------------

    def test_metadata_hold_what_is_there(self) -> None:
        with self.make_engine().open(samples.text_pdf(["x"], title="Größe")) as document:
            assert document.metadata["Title"] == "Größe"
            assert document.metadata["Producer"]
            assert "Author" not in document.metadata

    def test_a_long_title_is_whole(self) -> None:
        with self.make_engine().open(samples.text_pdf(["x"], title="long " * 1000)) as document:
            assert document.metadata["Title"] == "long " * 1000

    # --- facts, by which pages for OCR are found ------------------------------------------------------------------

    def test_a_page_with_text_has_its_size_its_glyphs_and_no_image(self) -> None:
        facts = self._facts_of(samples.text_pdf(["Hello there"]))
        assert (facts.width, facts.height) == (612, 792)
        assert facts.glyphs >= 10
        assert (facts.images, facts.image_coverage, facts.image_dpi) == (0, 0.0, 0.0)

    def test_a_blank_page_has_nothing_on_it(self) -> None:
        facts = self._facts_of(samples.blank_pdf())
        assert facts == PageFacts(width=facts.width, height=facts.height)

    def test_the_size_is_that_of_the_page_as_it_is_shown(self) -> None:
        facts = self._facts_of(make_page_pdf(b"", page=b"/MediaBox[0 0 612 792]/Rotate 90"))
        assert (facts.width, facts.height) == (792, 612)

    def test_a_scan_covers_its_page_at_its_resolution(self) -> None:
        facts = self._facts_of(samples.scanned_pdf(["Hello"], dpi=150))
        assert facts.images == 1
        assert abs(facts.image_coverage - 1.0) < 0.01
        assert abs(facts.image_dpi - 150) <= 1

    def test_a_page_with_a_drawing_only_is_not_blank(self) -> None:
        assert self._facts_of(make_page_pdf(b"0 0 m 9 9 l S\n" * 7)).vector_objects > 0

    # --- images ---------------------------------------------------------------------------------------------------

    def test_a_page_is_drawn_in_grey_at_the_resolution_asked_for(self) -> None:
        self._must_draw()
        black = b"0 0 306 792 re f"
        with self.make_engine().open(make_page_pdf(black)) as document, document.page(1) as page:
            image = page.image(100)
        assert image.mode == "L"
        assert image.size == (pixels_per_side(612, 100), pixels_per_side(792, 100))
        assert (image.getpixel((100, 500)), image.getpixel((700, 500))) == (0, 255)

    def test_a_turned_page_is_drawn_upright(self) -> None:
        self._must_draw()
        pdf = make_page_pdf(b"0 0 306 792 re f", page=b"/MediaBox[0 0 612 792]/Rotate 90")
        with self.make_engine().open(pdf) as document, document.page(1) as page:
            image = page.image(100)
        assert image.size == (pixels_per_side(792, 100), pixels_per_side(612, 100))
        assert (image.getpixel((500, 100)), image.getpixel((500, 700))) == (0, 255)

    def test_an_engine_that_cannot_draw_says_so(self) -> None:
        if self.draws:
            raise unittest.SkipTest("it draws")
        with self.make_engine().open(samples.text_pdf(["x"])) as document, document.page(1) as page:
            with _catching("image") as caught:
                page.image(100)
            assert caught.error.cause is Cause.MALFORMED, (
                f"malformed tells that the page cannot be drawn: {caught.error}"
            )

    # --- parts ----------------------------------------------------------------------------------------------------

    def _must_see_annotations(self) -> None:
        if not self.sees_annotations:
            raise unittest.SkipTest("it does not read annotations")

    def _must_draw(self) -> None:
        if not self.draws:
            raise unittest.SkipTest("it cannot draw")

    def _is_plain(self, source: bytes) -> bool | None:
        """Return whether the first page is plain, ``None`` from an engine that does not tell."""
        with self.make_engine().open(source) as document, document.page(1) as page:
            return page.is_plain() if isinstance(page, SupportsEvidence) else None

    def _facts_of(self, source: bytes) -> PageFacts:
        with self.make_engine().open(source) as document, document.page(1) as page:
            return page.facts()


class _Caught:
    error: DocumentError


@contextmanager
def _catching(call: str) -> "Generator[_Caught]":
    """Fail unless the block, which makes this call, raises ``DocumentError``."""
    caught = _Caught()
    try:
        yield caught
    except DocumentError as error:
        caught.error = error
        return
    raise AssertionError(f"{call} raised no DocumentError")


def _refusal(engine: TextEngine, source: str | bytes, password: str | None = None) -> DocumentError:
    """Return the error with which an engine refuses to open a source."""
    shown = repr(source if isinstance(source, str) else source[:40])
    with _catching(f"open({shown}, password={password!r})") as caught, engine.open(source, password=password):
        pass
    return caught.error


def _list_open_files() -> "Iterator[str]":
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the listing's own
            yield os.readlink(f"/proc/self/fd/{number}")


def _text_of(engine: TextEngine, source: str | bytes, password: str | None = None) -> str:
    """Return the text of the first page."""
    with engine.open(source, password=password) as document, document.page(1) as page:
        return page.text()


def _text_or_error(engine: TextEngine, source: bytes) -> str:
    """Return the text of the first page without white space around it, or what was raised."""
    try:
        return _text_of(engine, source).strip()
    except Exception as error:  # noqa: BLE001 (what two threads do to one reader can raise anything)
        return repr(error)
