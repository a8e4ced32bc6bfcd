"""What both tesseract engines promise beyond the public contract."""

import pickle

import pytest
from PIL import Image

from pdfbatch.errors import Cause, DependencyError, DocumentError
from pdfbatch.ocr.tesseract import TesseractEngine
from pdfbatch.ocr.tesserocr import TesserocrEngine
from pdfbatch.ports import OcrEngine
from pdfbatch.testing.pictures import TEXT, draw_page, draw_receipt, join_words


@pytest.mark.parametrize("mode", ["1", "RGB", "RGBA", "P"])
def test_the_mode_of_the_picture_does_not_matter(engine: OcrEngine, mode: str) -> None:
    # A width that is no multiple of eight: rows of a bilevel picture are padded.
    picture = draw_page(size=(1301, 501), mode=mode)
    assert join_words(engine.read(picture, languages="eng", dpi=300).text) == TEXT


def test_two_languages_are_read_together(engine: OcrEngine) -> None:
    reading = engine.read(draw_page(("Der alte Mann und das Meer and the road below",)), languages="eng+deu", dpi=300)
    assert join_words(reading.text) == "Der alte Mann und das Meer and the road below"


def test_a_slip_keeps_what_it_names_and_what_that_costs_on_one_line(engine: OcrEngine) -> None:
    rows = {"Bread": "1.10", "Butter": "2.47", "Milk": "3.84", "Coffee": "4.31", "Cheese": "6.20", "Honey": "9.63"}
    reading = engine.read(draw_receipt(rows), languages="eng", dpi=300)
    assert [line for line in reading.text.splitlines() if line] == [f"{name} {price}" for name, price in rows.items()]


@pytest.mark.parametrize("timeout", [0.01, 0, -1])
def test_a_reading_that_takes_too_long_is_a_timeout(engine: OcrEngine, timeout: float) -> None:
    with pytest.raises(DocumentError) as caught:
        engine.read(draw_page(), languages="eng", dpi=300, timeout=timeout)
    assert caught.value.cause is Cause.TIMEOUT


def test_languages_that_are_there_pass_the_check(engine: OcrEngine) -> None:
    engine.check("eng")
    engine.check("deu+eng")


@pytest.mark.parametrize("languages", ["tlh", "eng+tlh"])
def test_the_check_names_a_missing_language_those_there_and_what_to_install(engine: OcrEngine, languages: str) -> None:
    with pytest.raises(
        DependencyError, match=r"data for tlh in .*there is .*eng.* apt-get install .*tesseract-ocr-tlh"
    ):
        engine.check(languages)


@pytest.mark.parametrize("languages", ["", "+"])
def test_no_language_at_all_fails_the_check(engine: OcrEngine, languages: str) -> None:
    with pytest.raises(DependencyError, match="no language is named"):
        engine.check(languages)


def test_an_engine_travels_to_a_worker(engine: OcrEngine) -> None:
    engine.read(draw_page(), languages="eng", dpi=300)
    assert pickle.loads(pickle.dumps(engine)) == engine


def test_an_engine_says_which_version_it_is(engine: OcrEngine) -> None:
    assert engine.version.split(".")[0] in {"4", "5"}


def test_reading_is_silent(engine: OcrEngine, capfd: pytest.CaptureFixture[str]) -> None:
    for picture in (draw_page(), Image.new("L", (3, 400), 255), Image.new("L", (1, 1), 0)):
        engine.read(picture, languages="eng", dpi=300)
    assert capfd.readouterr() == ("", "")


def test_without_orientation_data_the_orientation_is_unknown(engine: TesseractEngine | TesserocrEngine) -> None:
    if engine.tessdata is None:
        pytest.skip("the system's data may hold it")
    assert engine.orientation(draw_page()) is None


def test_both_engines_read_the_same(tesseract: TesseractEngine, tesserocr: TesserocrEngine) -> None:
    one, two = (engine.read(draw_page(), languages="eng", dpi=300) for engine in (tesseract, tesserocr))
    assert one.text == two.text
    assert one.confidence == pytest.approx(two.confidence, abs=0.5)
