"""Pages that lie on their side or upside down are read as if they stood upright, and no page is read needlessly."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ports import OcrEngine, Reading
from pdfbatch.testing.pictures import TEXT, draw_page, join_words
from pdfbatch.work.recognition import WEAK_CONFIDENCE, Recognition, recognize


@dataclass
class Script:
    """An OCR engine that reads what is written here: a confidence for each reading, or an error."""

    confidences: list[float | Cause | None]
    side: int | None = None
    words: list[int] = field(default_factory=lambda: [10, 10, 10, 10])
    timeouts: list[float | None] = field(default_factory=list[float | None])
    sizes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    name: str = "script"
    version: str = "1"

    def check(self, languages: str) -> None:
        """Everything is there."""

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """The next line of the script."""
        number = len(self.timeouts)
        self.timeouts.append(timeout)
        self.sizes.append(image.size)
        match self.confidences[number]:
            case Cause() as cause:
                raise DocumentError("as written", cause=cause)
            case confidence:
                return Reading(text=f"reading {number + 1}", confidence=confidence, words=self.words[number])

    def orientation(self, image: Image.Image, *, timeout: float | None = None) -> int | None:
        """As written."""
        return self.side


def read(engine: OcrEngine, picture: Image.Image | None = None, timeout: float | None = None) -> Recognition:
    """A reading at the usual settings."""
    return recognize(picture or Image.new("L", (40, 20)), engine=engine, languages="eng", dpi=300, timeout=timeout)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_page_is_read_however_it_lies(engine: OcrEngine, turned: int) -> None:
    found = read(engine, draw_page(size=(1300, 1300)).rotate(turned, expand=True))
    assert join_words(found.reading.text) == TEXT


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_two_words_are_enough_to_right_a_page(engine: OcrEngine, turned: int) -> None:
    found = read(engine, draw_page(("EXHIBIT A",), size=(1300, 1300)).rotate(turned, expand=True))
    assert join_words(found.reading.text) == "EXHIBIT A"


def test_an_upright_page_is_not_turned(engine: OcrEngine) -> None:
    assert read(engine, draw_page()).turned == 0


def test_a_page_on_its_head_says_by_how_much_it_was_turned(engine: OcrEngine) -> None:
    assert read(engine, draw_page().rotate(180)).turned == 180


def test_a_page_with_sound_words_is_read_once() -> None:
    script = Script([WEAK_CONFIDENCE])
    assert read(script).reading.text == "reading 1"
    assert len(script.timeouts) == 1


def test_a_page_of_few_words_must_be_surer_of_them() -> None:
    assert len(_readings([70], words=10)) == 1
    assert len(_readings([70, 20], words=9)) == 2
    assert len(_readings([80], words=9)) == 1


def test_a_page_without_a_word_is_read_once() -> None:
    script = Script([None])
    assert read(script).reading.confidence is None
    assert len(script.timeouts) == 1


def test_a_page_with_weak_words_either_way_is_read_twice_and_the_better_kept() -> None:
    script = Script([50, 30])
    assert read(script) == Recognition(reading=Reading(text="reading 1", confidence=50, words=10))
    assert len(script.timeouts) == 2


def test_a_page_that_the_engine_knows_to_lie_on_its_side_is_stood_up() -> None:
    script = Script([30, 31, 90], side=90)
    found = read(script)
    assert (found.reading.text, found.turned) == ("reading 3", 90)
    assert script.sizes == [(40, 20), (40, 20), (20, 40)]


@pytest.mark.parametrize("side", [0, 180, None])
def test_no_third_reading_without_a_turn_that_is_new(side: int | None) -> None:
    script = Script([30, 31], side=side)
    assert read(script).reading.text == "reading 2"
    assert len(script.timeouts) == 2


def test_one_lucky_word_does_not_win_against_a_page_of_doubtful_ones() -> None:
    assert read(Script([60, 99], words=[10, 4])).reading.text == "reading 1"
    assert read(Script([60, 99], words=[10, 5])).reading.text == "reading 2"


def test_all_readings_of_a_page_share_one_time_limit() -> None:
    script = Script([30, 30, 30], side=90)
    read(script, timeout=100)
    first, second, third = (limit or 0 for limit in script.timeouts)
    assert 100 >= first > second > third > 50


def test_without_a_limit_no_reading_has_one() -> None:
    script = Script([30, 30])
    read(script)
    assert script.timeouts == [None, None]


def test_the_first_reading_stays_when_a_later_one_runs_out_of_time() -> None:
    assert read(Script([30, Cause.TIMEOUT])).reading.text == "reading 1"


def test_a_first_reading_that_fails_is_the_page_failing() -> None:
    with pytest.raises(DocumentError) as caught:
        read(Script([Cause.TIMEOUT]))
    assert caught.value.cause is Cause.TIMEOUT


def test_turned_scans_of_the_corpus_are_read(corpus: Path, tesseract: TesseractEngine) -> None:
    found = [_recall(tesseract, path, truth) for path, truth in _turned_documents(corpus)]
    assert found
    assert min(found) >= 0.97


def _readings(confidences: list[float | Cause | None], words: int) -> list[float | None]:
    script = Script(confidences, words=[words] * 3)
    read(script)
    return script.timeouts


def _turned_documents(corpus: Path) -> Iterator[tuple[Path, str]]:
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if "rotated-content" in row["tags"] and row["truth"]:
                yield corpus / row["file"], (corpus / row["truth"]).read_text(encoding="utf-8").split("\f")[0]


def _recall(engine: OcrEngine, path: Path, truth: str) -> float:
    """The share of the words of the first page that are found."""
    with PdfiumEngine().open(str(path)) as document, document.page(1) as scan:
        picture = scan.image(300)
    wanted, got = (Counter(text.split()) for text in (truth, read(engine, picture).reading.text))
    return (wanted & got).total() / wanted.total()
