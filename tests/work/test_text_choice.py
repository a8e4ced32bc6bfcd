"""The rule by which a page has its text layer, the reading of OCR, or both."""

import pytest

from pdfbatch.model import Reason
from pdfbatch.ports import Reading
from pdfbatch.work.text_choice import TextLayer, choose_text

LAYER = TextLayer(text="EXHIBIT 7\n")
BODY = "The boats came late that day.\nNobody had seen the lantern.\n"
OVER_IMAGE = Reason.STAMP_OVER_IMAGE


def reading(text: str = BODY, confidence: float | None = 90.0, weak_share: float | None = None) -> Reading:
    return Reading(text=text, confidence=confidence, words=len(text.split()), weak_share=weak_share)


def test_a_reading_without_a_word_changes_nothing() -> None:
    page = choose_text(1, OVER_IMAGE, LAYER, reading(" .\n", None))
    assert (page.text, page.source, page.reason) == (LAYER.text, "text-layer", OVER_IMAGE)


@pytest.mark.parametrize("reason", [OVER_IMAGE, Reason.PRINT_OUTSIDE_TEXT, Reason.OCR_ALWAYS])
@pytest.mark.parametrize("weak", [reading(confidence=44.0), reading(confidence=70.0, weak_share=0.7)])
def test_a_weak_reading_never_replaces_printable_text(reason: Reason, weak: Reading) -> None:
    page = choose_text(1, reason, LAYER, weak)
    assert (page.text, page.source, page.reason, page.confidence) == (LAYER.text, "text-layer", "weak-ocr", None)


def test_a_weak_reading_stays_where_there_is_no_printable_text() -> None:
    for layer in (TextLayer(text=" \n"), TextLayer(text="\ue000\ue001\ue002" * 30)):
        page = choose_text(1, Reason.GARBAGE_TEXT_LAYER, layer, reading(confidence=31.0))
        assert (page.text, page.source, page.confidence) == (BODY, "ocr", 31.0)


def test_a_stamp_and_the_reading_are_joined() -> None:
    page = choose_text(3, OVER_IMAGE, LAYER, reading(weak_share=0.1254))
    assert (page.number, page.text, page.source, page.reason) == (3, f"EXHIBIT 7\n{BODY}", "ocr", OVER_IMAGE)
    assert (page.confidence, page.weak_words) == (90.0, 0.125)


def test_a_reading_that_adds_no_word_leaves_the_layer() -> None:
    page = choose_text(1, Reason.PRINT_OUTSIDE_TEXT, TextLayer(text=BODY), reading(BODY.upper()))
    assert (page.text, page.source) == (BODY, "text-layer")


def test_a_doubtful_reading_is_joined_without_its_noise() -> None:
    page = choose_text(1, OVER_IMAGE, LAYER, reading(f"~ |, .\n{BODY}", 60.0))
    assert page.text == f"EXHIBIT 7\n{BODY}"


def test_always_means_the_reading_alone() -> None:
    assert choose_text(1, Reason.OCR_ALWAYS, LAYER, reading()).text == BODY


def test_a_layer_that_the_reading_confirms_is_no_garbage() -> None:
    chart = TextLayer(text="0\n50\n100\n150\nErreur de la prévision\n1.5\n1.0\n0.5\n")
    page = choose_text(1, Reason.GARBAGE_TEXT_LAYER, chart, reading("Erreur de la prevision\n\nol 100 150\n"))
    assert (page.text, page.source, page.reason) == (chart.text, "text-layer", "text-layer")


def test_a_layer_that_has_another_text_is_not_confirmed() -> None:
    for text in (
        "Uif cpbut dbnf mbuf uibu ebz. Opcpez ibe tffo uif mboufso.",  # another alphabet
        "T h e b o a t s c a m e l a t e t h a t d a y .",
        "The boats came late that day.\n\ufffd\ufffd\ufffd had seen the lantern.\n",
        "The boats came. Opcpez ibe tffo uif mboufso.",
    ):
        assert choose_text(1, Reason.GARBAGE_TEXT_LAYER, TextLayer(text=text), reading()).text == BODY, text
