"""Pages that lie on their side or upside down are read as if they stood upright, and no page is read needlessly."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Reread
from pdfbatch.ocr.two_readers import TwoReaders
from pdfbatch.ports import OcrEngine, Reading
from pdfbatch.settings import Extraction, PageRules
from pdfbatch.testing.pictures import LINES, TEXT, draw_page, join_words
from pdfbatch.work.drawn_page import DrawnPage
from pdfbatch.work.recognition import Recognition, choose, recognize
from pdfbatch.work.turns import find_turn
from tests.work.making import page_image

WEAK = PageRules().weak_confidence


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


@dataclass
class KnowsHowPagesLie(Script):
    """One that is so sure, before it reads, that a page must be turned by so many degrees."""

    estimate: tuple[int, float] | None = None

    def estimate_orientation(self, image: Image.Image, *, languages: str) -> tuple[int, float] | None:
        """As written."""
        return self.estimate


@dataclass
class Picture:
    """A page that was drawn, and is drawn again as the same picture, if it may."""

    image: Image.Image = field(default_factory=lambda: Image.new("L", (40, 20)))
    dpi: int = 200
    may_be_drawn_again: bool = True

    @property
    def print_dpi(self) -> int:
        """The same."""
        return self.dpi

    def redraw(self, dpi: int) -> bool:
        """Change the resolution only."""
        if self.may_be_drawn_again:
            self.dpi = dpi
        return self.may_be_drawn_again


@dataclass
class Pages:
    """An OCR engine that gives these readings one after the other, and tells nothing of how a page lies."""

    readings: list[Reading]
    asked: int = 0
    name: str = "pages"
    version: str = "1"

    def check(self, languages: str) -> None:
        """Everything is there."""

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """The next one."""
        self.asked += 1
        return self.readings[self.asked - 1]

    def orientation(self, image: Image.Image, *, timeout: float | None = None) -> int | None:
        """Not known."""
        return None


def read(
    engine: OcrEngine, picture: Image.Image | None = None, timeout: float | None = None, max_readings: int = 3
) -> Recognition:
    """A reading at the usual settings."""
    drawing = Picture() if picture is None else Picture(picture, dpi=300)
    return recognize(
        drawing, engine=engine, languages="eng", timeout=timeout, extraction=Extraction(max_readings=max_readings)
    )


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_page_is_read_however_it_lies(engine: OcrEngine, turned: int) -> None:
    found = read(engine, draw_page(size=(1300, 1300)).rotate(turned, expand=True))
    assert join_words(found.reading.text) == TEXT


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_two_words_are_enough_to_right_a_page(reader: OcrEngine, turned: int) -> None:
    found = read(reader, draw_page(("EXHIBIT A",), size=(1300, 1300)).rotate(turned, expand=True))
    assert join_words(found.reading.text) == "EXHIBIT A"


def test_an_upright_page_is_not_turned(reader: OcrEngine) -> None:
    assert read(reader, draw_page()).turned == 0


@pytest.mark.parametrize(("lies", "turned"), [(90, 90), (180, 180), (270, 270)])
def test_a_page_of_print_that_lies_turned_is_righted_after_one_strip_and_read_once(lies: int, turned: int) -> None:
    script = Script([80, 40, 90], words=[90, 90, 90])
    found = read(script, draw_prose().rotate(lies, expand=True))
    assert (found.reading.text, found.turned, found.readings, found.reread) == ("reading 3", turned, 1, Reread.NO)
    assert script.sizes[0][1] == script.sizes[1][1] == 450  # an inch and a half
    assert script.sizes[2] == draw_prose().size


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_page_is_turned_unread_where_the_engine_is_sure_how_it_lies(turned: int) -> None:
    engine = KnowsHowPagesLie([90], estimate=(turned, 0.9))
    found = read(TwoReaders(first=Script([90]), second=engine))
    assert (found.turned, found.readings, engine.sizes) == (turned, 1, [])
    found = read(engine)
    assert (found.turned, found.readings, found.reread) == (turned, 1, Reread.NO)
    assert engine.sizes == [(40, 20) if turned == 180 else (20, 40)]


def test_a_page_that_was_turned_wrongly_is_read_as_it_lies() -> None:
    found = read(KnowsHowPagesLie([20, 90], side=180, estimate=(180, 0.95)))
    assert (found.reading.text, found.turned, found.readings, found.reread) == ("reading 2", 0, 2, Reread.TURNED)
    found = read(KnowsHowPagesLie([40, 30], side=180, estimate=(180, 0.95)))
    assert (found.reading.text, found.turned, found.readings) == ("reading 1", 180, 2)


@pytest.mark.parametrize(("surely", "turned", "read_first"), [(0.6, 270, 2), (0.4, 0, 0)])
def test_where_it_is_not_sure_a_strip_decides(surely: float, turned: int, read_first: int) -> None:
    script = KnowsHowPagesLie([90, 40, 85], words=[20, 20, 20], estimate=(270, surely))
    found = read(script)
    assert (found.turned, len(script.sizes)) == (turned, read_first + 1)


@pytest.mark.parametrize("estimate", [None, (0, 0.95)])
def test_where_it_is_upright_or_unknown_a_page_is_read_as_before(estimate: tuple[int, float] | None) -> None:
    found = read(KnowsHowPagesLie([20, 90, 30, 95], words=[10] * 4, estimate=estimate))
    assert (found.reading.text, found.turned, found.readings) == ("reading 4", 180, 2)


def test_a_page_that_may_be_read_only_once_is_righted_all_the_same() -> None:
    found = read(Script([80, 40, 90], words=[90, 90, 90]), draw_prose().rotate(180), max_readings=1)
    assert (found.reading.text, found.turned, found.readings) == ("reading 3", 180, 1)


def test_an_upright_page_of_print_costs_no_strip() -> None:
    script = Script([90])
    assert read(script, draw_prose()).turned == 0
    assert script.sizes == [draw_prose().size]


def test_a_page_that_only_seems_to_lie_turned_costs_one_strip() -> None:
    for strips in ([40], [60, 50]):
        script = Script([*strips, 90], words=[90, 90, 90])
        found = read(script, draw_prose().rotate(180))
        assert (found.turned, found.readings, len(script.sizes)) == (0, 1, len(strips) + 1)


def test_a_strip_that_cannot_be_read_does_not_fail_the_page() -> None:
    found = read(Script([Cause.OCR_FAILED, 90], words=[90, 90]), draw_prose().rotate(180))
    assert (found.reading.text, found.turned) == ("reading 2", 0)


@pytest.mark.parametrize("turned", [90, 270])
def test_print_whose_letters_show_nothing_is_read_on_its_side(reader: OcrEngine, turned: int) -> None:
    for lines in (tuple(line.upper() for line in LINES), ("1840 2957 3076 4618 5293 60741 7182",) * 4):
        found = read(reader, draw_page(lines * 2, size=(1600, 1600)).rotate(turned, expand=True))
        assert join_words(found.reading.text) == " ".join(lines * 2)


def test_a_page_that_only_seems_to_lie_on_its_side_stays_as_it_is() -> None:
    as_it_runs = replace(strip(95), sideways=True)
    assert turn_of([strip(40), as_it_runs]) == (0, 2)
    assert turn_of([strip(40), strip(45)]) == (0, 2)
    assert turn_of([strip(90), strip(85)]) == (0, 2)


def test_a_page_on_its_side_is_told_from_one_on_its_head_by_how_its_words_run() -> None:
    as_it_runs = replace(strip(95), sideways=True)
    assert turn_of([strip(95), as_it_runs]) == (270, 2)
    assert turn_of([strip(95), strip(40)]) == (270, 2)
    assert turn_of([as_it_runs, strip(40)]) == (180, 2)
    assert turn_of([strip(40), strip(95), strip(40)]) == (90, 3)
    assert turn_of([strip(55), strip(92), strip(10)]) == (90, 3)


def test_a_page_on_its_head_says_by_how_much_it_was_turned(reader: OcrEngine) -> None:
    assert read(reader, draw_page().rotate(180)).turned == 180


def test_a_page_with_sound_words_is_read_once() -> None:
    script = Script([WEAK])
    assert read(script).reading.text == "reading 1"
    assert len(script.timeouts) == 1


def test_a_page_of_few_words_must_be_surer_of_them() -> None:
    assert len(_readings([70], words=10)) == 1
    assert len(_readings([70, 20], words=9)) == 2
    assert len(_readings([80], words=9)) == 1


def test_a_page_without_a_word_and_without_print_is_read_once() -> None:
    script = Script([None], words=[0])
    assert read(script).reading.confidence is None
    assert len(script.timeouts) == 1


def test_a_page_with_print_of_which_no_word_is_read_is_read_once_more_smoothed() -> None:
    nothing = Reading(text="", confidence=None, words=0)
    found = Reading(text="found", confidence=80, words=20, letters=100)
    recognition = read(Pages([nothing, found]), page_image())
    assert (recognition.reading.text, recognition.readings, recognition.reread) == ("found", 2, Reread.WEAK)
    assert read(Pages([nothing, nothing]), page_image()).reading.text == ""
    assert read(Pages([nothing]), page_image(), max_readings=1).readings == 1
    assert read(Pages([found]), page_image()).readings == 1


def test_a_weak_page_that_stands_upright_costs_a_strip_and_no_second_reading() -> None:
    script = Script([50, 30])
    found = read(script, Image.new("L", (1000, 1400)))
    assert (found.reading.text, found.readings, found.reread) == ("reading 1", 1, Reread.NO)
    assert script.sizes == [(1000, 1400), (1000, 450)]


def test_a_weak_page_on_its_head_is_read_again_and_says_why() -> None:
    found = read(Script([40, 80, 30, 90]))
    assert (found.reading.text, found.turned, found.readings, found.reread) == ("reading 4", 180, 2, Reread.TURNED)


def test_a_strip_must_be_surer_by_far_to_turn_a_page() -> None:
    assert len(_readings([50, 60, 50], words=10)) == 3
    assert len(_readings([50, 70, 50, 90], words=10)) == 4


def test_a_strip_of_few_lucky_words_turns_no_page() -> None:
    assert read(Script([50, 99, 50], words=[10, 4, 10])).turned == 0
    assert read(Script([50, 99, 50, 90], words=[10, 5, 10, 10])).turned == 180


def test_a_page_that_the_engine_knows_to_lie_on_its_side_is_stood_up() -> None:
    script = Script([30, 31, 90], side=90)
    found = read(script)
    assert (found.reading.text, found.turned) == ("reading 3", 90)
    assert script.sizes[-1] == (20, 40)


@pytest.mark.parametrize("side", [0, 180, None])
def test_no_further_reading_without_a_turn_that_is_new(side: int | None) -> None:
    assert len(_readings([30, 31], words=10, side=side)) == 2


def test_one_lucky_word_does_not_win_against_a_page_of_doubtful_ones() -> None:
    assert read(Script([60, 80, 30, 99], words=[10, 10, 10, 4])).reading.text == "reading 1"
    assert read(Script([60, 80, 30, 99], words=[10, 10, 10, 5])).reading.text == "reading 4"


def test_all_readings_of_a_page_share_one_time_limit() -> None:
    script = Script([30, 80, 30, 40])
    read(script, timeout=100)
    limits = [limit or 0 for limit in script.timeouts]
    assert len(limits) == 4
    assert 100 >= limits[0] > limits[1] > limits[2] > limits[3] > 50


def test_without_a_limit_no_reading_has_one() -> None:
    assert _readings([30, 30], words=10) == [None, None]


@pytest.mark.parametrize("later", [[Cause.TIMEOUT], [80, Cause.TIMEOUT], [80, 30, Cause.OCR_FAILED]])
def test_the_first_reading_stays_when_a_later_one_fails(later: list[float | Cause | None]) -> None:
    found = read(Script([30, *later]))
    assert (found.reading.text, found.readings) == ("reading 1", 1)


def test_a_first_reading_that_fails_is_the_page_failing() -> None:
    with pytest.raises(DocumentError) as caught:
        read(Script([Cause.TIMEOUT]))
    assert caught.value.cause is Cause.TIMEOUT


# --- another reading --------------------------------------------------------------------------------------------------


def partly_weak(letters: int, share: float = 0.25) -> Reading:
    """What is read of a form or a table on which some lines were found wrongly."""
    return Reading(text=f"{letters} letters", confidence=75, words=100, weak_share=share, letters=letters)


def test_a_page_that_is_weak_in_places_is_read_at_another_resolution_and_the_one_with_more_letters_stays() -> None:
    found = read(Pages([partly_weak(1000), partly_weak(1100)]))
    assert (found.reading.letters, found.dpi, found.readings, found.reread) == (1100, 300, 2, Reread.WEAK)


@pytest.mark.parametrize("letters", [0, 900, 1000, 1049])
def test_a_second_reading_with_hardly_more_letters_does_not_win(letters: int) -> None:
    found = read(Pages([partly_weak(1000), partly_weak(letters)]))
    assert (found.reading.letters, found.dpi, found.readings, found.reread) == (1000, 200, 2, Reread.WEAK)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_where_few_or_most_words_are_weak_another_resolution_is_not_tried(share: float) -> None:
    assert read(Pages([partly_weak(1000, share), partly_weak(2000)])).readings == 1


def test_a_page_is_not_read_more_often_than_the_caller_allows() -> None:
    assert read(Pages([partly_weak(1000), partly_weak(2000)]), max_readings=1).readings == 1
    assert read(Script([30, 80, 30, 90]), max_readings=1).readings == 1


def test_a_page_that_may_not_be_drawn_again_is_read_once() -> None:
    drawing = Picture(may_be_drawn_again=False)
    found = recognize(drawing, engine=Pages([partly_weak(1000), partly_weak(2000)]), languages="eng")
    assert (found.readings, found.reread) == (1, Reread.NO)


@pytest.mark.parametrize(("confidence", "is_asked"), [(66, True), (84.9, True), (85, False), (95, False), (None, True)])
def test_a_second_reader_reads_what_is_doubtful_and_no_more(confidence: float | None, is_asked: bool) -> None:
    reading = Reading(text="perhaps", confidence=confidence, words=10 if confidence else 0, letters=500)
    second = Pages([Reading(text="surely", confidence=97, words=9, letters=900)], name="second")
    found = read(TwoReaders(first=Pages([reading], name="first"), second=second))
    assert second.asked == is_asked
    assert (found.engine, found.reading.text) == (("second", "surely") if is_asked else ("first+second", "perhaps"))


def test_without_a_language_of_the_second_reader_the_first_reads_alone() -> None:
    reading = Reading(text="perhaps", confidence=70, words=10, letters=500)
    found = read(TwoReaders(first=Pages([reading] * 3), second=Script([Cause.OCR_UNAVAILABLE])))
    assert (found.reading.text, found.readings, found.reread) == ("perhaps", 1, Reread.NO)


def test_the_reading_with_more_letters_in_sure_words_is_chosen_whatever_its_mean_confidence() -> None:
    few = Reading(text="few", confidence=95, words=5, letters=20)
    many = Reading(text="many", confidence=70, words=200, weak_share=0.2, letters=800)
    assert choose(few, many) is many
    assert choose(many, few) is many


@pytest.mark.parametrize("skew", [-12, -7, -3.5, 7, 14])
def test_a_skewed_page_is_levelled(reader: OcrEngine, skew: float) -> None:
    page = Image.new("L", (1700, 1100), 255)
    page.paste(draw_page(size=(1300, 700)), (200, 200))
    found = read(reader, page.rotate(skew, Image.Resampling.BICUBIC, fillcolor=255))
    assert join_words(found.reading.text) == TEXT


def test_turned_scans_of_the_corpus_are_read(corpus: Path, reader: OcrEngine) -> None:
    found = [_recall(reader, path, truth) for path, truth in _turned_documents(corpus)]
    assert found
    assert min(found) >= 0.97


def draw_prose() -> Image.Image:
    """A page of long lines, which show by their print how the page lies."""
    return draw_page(LINES * 5, size=(1400, 2000))


def strip(confidence: float) -> Reading:
    """What is read of a strip."""
    return Reading(text="strip", confidence=confidence, words=20)


def turn_of(strips: list[Reading]) -> tuple[int, int]:
    """By how much a page is to be turned that seems to lie on its side, and how many of these strips were read for that."""
    engine = Pages(strips)
    page, limit = Image.new("L", (900, 700), 255), (lambda: None)
    return find_turn(page, (270, 90), engine=engine, languages="eng", dpi=200, remaining=limit), engine.asked


def _readings(confidences: list[float | Cause | None], words: int, side: int | None = None) -> list[float | None]:
    script = Script(confidences, words=[words] * 4, side=side)
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
        drawn = DrawnPage(scan, scan.facts(), Extraction(), None)
        text = recognize(drawn, engine=engine, languages="eng").reading.text
    wanted, got = (Counter(text.split()) for text in (truth, text))
    return (wanted & got).total() / wanted.total()
