"""The contract of OCR engines: one test for each sentence of ``pdfbatch.ports`` about them."""

import pickle
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ports import SURE_ORIENTATION, OcrEngine, Reading, SupportsEarlyOrientation, SupportsLanguages
from pdfbatch.testing.pictures import LINES, TEXT, draw_page, join_words
from pdfbatch.testing.probes import list_companions, wait_until

if TYPE_CHECKING:
    from PIL.Image import Image

_ENOUGH = 0.9


class OcrEngineContract:
    """The tests of an OCR engine. Subclass it in a test module and say how to make the engine; pytest does the rest.

        class TestMyOcr(OcrEngineContract):
            def make_engine(self) -> OcrEngine:
                return MyOcr()

    It must read printed English here, at nine words of ten.
    """

    languages: str = "eng"
    """How the engine calls English."""

    missing_language: str = "tlh"
    """A language that it cannot read here."""

    seconds: float = 5.0
    """How long a program of the engine may go on after a timeout, on a busy machine too."""

    def make_engine(self) -> OcrEngine:
        """Return the engine under test."""
        raise NotImplementedError

    # --- the engine, a value --------------------------------------------------------------------------------------

    def test_it_has_a_name_and_a_version(self) -> None:
        engine = self.make_engine()
        assert engine.name
        assert engine.version

    def test_it_travels_to_a_worker_after_it_has_read(self) -> None:
        engine = self.make_engine()
        self._read(engine, draw_page())
        copy = pickle.loads(pickle.dumps(engine))  # noqa: S301 (our own pickle)
        assert (copy.name, copy.version) == (engine.name, engine.version)
        self._must_be_read(self._read(copy, draw_page()))

    def test_it_reads_the_languages_that_it_lists(self) -> None:
        engine = self.make_engine()
        if not isinstance(engine, SupportsLanguages):
            raise unittest.SkipTest("it cannot tell its languages")
        languages = engine.list_languages()
        assert {*self.languages.split("+")} <= languages
        assert self.missing_language not in languages
        for language in languages - {"osd"}:
            engine.check(language)

    # --- reading --------------------------------------------------------------------------------------------------

    def test_print_is_read_with_confidence(self) -> None:
        reading = self._read(self.make_engine(), draw_page())
        self._must_be_read(reading)
        assert reading.words == len(reading.text.split()), "words are not those of the text"
        assert reading.confidence is not None, "words were read with no confidence"
        assert 50 < reading.confidence <= 100, reading

    def test_letters_are_those_of_the_words_it_is_sure_of(self) -> None:
        reading = self._read(self.make_engine(), draw_page())
        letters = sum(map(str.isalnum, reading.text))
        assert reading.weak_share is not None, "it does not tell which words are weak"
        assert reading.weak_share < 1 - _ENOUGH, f"{reading.weak_share} of the words of plain print are weak"
        assert _ENOUGH * letters <= reading.letters <= letters, f"{reading.letters} of {letters} letters"

    def test_lines_end_in_a_line_feed_and_nothing_else(self) -> None:
        text = self._read(self.make_engine(), draw_page()).text
        assert len(text.strip().split("\n")) >= 4, text
        assert not {"\f", "\r", "\0"} & set(text), text

    def test_a_blank_page_has_no_words_and_no_confidence(self) -> None:
        from PIL import Image  # noqa: PLC0415 (loaded by those who test OCR only)

        reading = self._read(self.make_engine(), Image.new("L", (800, 600), 255))
        assert (join_words(reading.text), reading.confidence, reading.words, reading.letters) == ("", None, 0, 0), (
            reading
        )

    def test_pictures_of_every_mode_are_read(self) -> None:
        for mode in ("L", "1", "RGB"):
            # a width that is no multiple of eight: rows of a bilevel picture are padded
            self._must_be_read(self._read(self.make_engine(), draw_page(size=(1301, 501), mode=mode)))

    def test_a_picture_is_left_as_it_was(self) -> None:
        picture = draw_page()
        before = picture.copy()
        self._read(self.make_engine(), picture)
        assert picture == before, "the picture was changed"

    def test_threads_read_side_by_side(self) -> None:
        engine = self.make_engine()
        with ThreadPoolExecutor(3) as threads:
            pictures = [draw_page((line,), size=(1300, 200)) for line in LINES]
            for line, reading in zip(LINES, threads.map(partial(self._read, engine), pictures), strict=True):
                found = {each: len(set(each.split()) & set(reading.text.split())) for each in LINES}
                assert max(found, key=found.__getitem__) == line, f"in another thread's picture: {reading.text!r}"
                assert found[line] > len(line.split()) / 2, f"{line!r} was read as {reading.text!r}"

    # --- errors ---------------------------------------------------------------------------------------------------

    def test_a_reading_that_takes_too_long_is_a_timeout_and_the_next_is_read(self) -> None:
        engine = self.make_engine()
        self._must_be_read(self._read(engine, draw_page(), timeout=60))
        before = _count_children()
        for timeout in (0.001, 0, -1):
            assert self._failure(engine, self.languages, timeout).cause is Cause.TIMEOUT, timeout
        self._must_be_read(self._read(engine, draw_page(), timeout=60))
        assert wait_until(lambda: _count_children() <= before, self.seconds), (
            f"left running: {_count_children() - before}"
        )

    def test_a_language_that_is_there_passes_the_check(self) -> None:
        self.make_engine().check(self.languages)

    def test_the_check_names_a_missing_language(self) -> None:
        for languages in (self.missing_language, f"{self.languages}+{self.missing_language}"):
            assert self.missing_language in self._complaint(languages)

    def test_no_language_fails_the_check(self) -> None:
        assert self._complaint("")

    def test_a_missing_language_makes_reading_fail_and_gives_no_half_a_text(self) -> None:
        failure = self._failure(self.make_engine(), f"{self.languages}+{self.missing_language}")
        assert failure.cause is Cause.OCR_UNAVAILABLE, failure

    # --- orientation ----------------------------------------------------------------------------------------------

    def test_the_orientation_is_the_turn_that_stands_a_picture_upright_or_unknown(self) -> None:
        engine, picture = self.make_engine(), draw_page(size=(1300, 1300))
        if engine.orientation(picture) is None:
            raise unittest.SkipTest("it cannot tell the orientation here")
        for turned in (0, 90, 180, 270):
            # Pillow turns counterclockwise, so that the way back is clockwise
            assert engine.orientation(picture.rotate(turned, expand=True)) == turned

    def test_the_orientation_of_a_blank_picture_is_unknown(self) -> None:
        from PIL import Image  # noqa: PLC0415 (loaded by those who test OCR only)

        assert self.make_engine().orientation(Image.new("L", (800, 600), 255)) is None

    def test_where_it_is_sure_before_reading_how_a_picture_lies_it_is_right(self) -> None:
        from PIL import Image  # noqa: PLC0415 (loaded by those who test OCR only)

        engine, picture = self.make_engine(), draw_page(size=(1300, 1300))
        if (
            not isinstance(engine, SupportsEarlyOrientation)
            or engine.estimate_orientation(picture, languages="eng") is None
        ):
            raise unittest.SkipTest("it cannot tell the orientation early here")
        for turned in (0, 90, 180, 270):
            found = engine.estimate_orientation(picture.rotate(turned, expand=True), languages="eng")
            assert found is not None
            assert found[0] == turned or found[1] < SURE_ORIENTATION
        for size in ((800, 600), (3, 2), (1, 4000)):
            blank = engine.estimate_orientation(Image.new("L", size, 255), languages="eng")
            assert blank is None or blank[1] < SURE_ORIENTATION

    # --- parts ----------------------------------------------------------------------------------------------------

    def _read(self, engine: OcrEngine, picture: "Image", timeout: float | None = None) -> Reading:
        return engine.read(picture, languages=self.languages, dpi=300, timeout=timeout)

    def _complaint(self, languages: str) -> str:
        """Return the message with which the check refuses languages."""
        try:
            self.make_engine().check(languages)
        except DependencyError as error:
            return str(error)
        raise AssertionError(f"the check lets {languages!r} pass")

    def _failure(self, engine: OcrEngine, languages: str, timeout: float | None = None) -> DocumentError:
        try:
            reading = engine.read(draw_page(), languages=languages, dpi=300, timeout=timeout)
        except DocumentError as error:
            return error
        asked = f"languages={languages!r}, timeout={timeout}"
        raise AssertionError(f"read({asked}) raised no DocumentError and read {reading.text!r}")

    def _must_be_read(self, reading: Reading) -> None:
        expected, found = TEXT.split(), set(reading.text.split())
        missed = [word for word in expected if word not in found]
        assert len(missed) <= (1 - _ENOUGH) * len(expected), f"{missed} were not read: {reading.text!r}"


def _count_children() -> Counter[str]:
    return Counter({name: number for name, number in list_companions().items() if name.startswith("child ")})
