"""Cyrillic and Greek that has come out as Latin letters with accents."""

from typing import Literal

import pytest

from pdfbatch.model import Reason, TextSource
from pdfbatch.settings import Extraction
from pdfbatch.testing.pdfs import make_unicode_pdf
from pdfbatch.work.alphabets import correct_alphabet
from tests.stand_ins import EchoOcr
from tests.work.prose import PROSE
from tests.work.test_pages import batch, page_of

ENCODINGS = {"rus": ("cp1251", "koi8_r", "iso8859_5"), "bul": ("cp1251", "koi8_r", "iso8859_5"), "ell": ("cp1253",)}


@pytest.mark.parametrize("language", ENCODINGS)
def test_the_encoding_is_known_by_the_letters(language: str) -> None:
    text = PROSE[language]
    for encoding in ENCODINGS[language]:
        assert correct_alphabet(text.encode(encoding).decode("latin-1")) == text, encoding


def test_words_in_latin_letters_stay_as_they_are() -> None:
    wrong = PROSE["rus"].encode("cp1251").decode("latin-1")
    assert correct_alphabet(f"{wrong} Debian café 20 m²") == f"{PROSE['rus']} Debian café 20 m²"


def test_no_other_text_is_changed() -> None:
    chart = " ".join(map(chr, range(0xA1, 0x100)))
    chance = "".join(chr(0xC0 + number * number * 7 % 61) + " " * (number % 7 == 0) for number in range(400))
    for text in (*PROSE.values(), chart, chart.replace(" ", ""), chance):
        assert correct_alphabet(text) == "", text[:40]


@pytest.mark.parametrize("ocr", ["auto", "never"])
def test_a_page_has_the_letters_that_were_meant(ocr: Literal["auto", "never"]) -> None:
    shown = PROSE["rus"].encode("cp1251")
    pdf = make_unicode_pdf(shown, [(code, chr(code)) for code in set(shown)])
    page = page_of(batch(EchoOcr(), extraction=Extraction(ocr=ocr)), pdf)
    assert (page.source, page.reason) == (TextSource.TEXT_LAYER, Reason.TEXT_LAYER)
    assert page.text.split() == PROSE["rus"].split()


def test_a_latin_script_with_many_accents_is_left_as_it_is() -> None:
    icelandic = "það er á íslensku; ýmsir áttu að fá það sem þeir óskuðu sér, því þó ætíð öðruvísi. "
    assert correct_alphabet(icelandic * 20) == ""
