# ruff: noqa: RUF001 (text in other scripts)
"""Signs of a text layer that nobody could use."""

import codecs
import random
import string

import pytest

from pdfbatch.work.language import are_unspeakable
from pdfbatch.work.text_signs import badness, has_garbage_block, is_doubtful
from tests.work.prose import NO_PROSE
from tests.work.prose import PROSE as LANGUAGES

PROSE = (
    "The harbour master wrote that the boats came late, and that nobody on the pier had seen the lantern. "
    "Three barrels of salt were counted twice that day. A letter from the owner asked for the second list, "
    "which the clerk had kept in a drawer of the office. Nothing in the ledger agrees with what was loaded."
)
GOOD = {
    "prose": PROSE,
    "German": "Der Hafenmeister schrieb, dass die Boote spät kamen und niemand auf der Mole die Laterne gesehen hatte. "
    * 3,
    "names": "\n".join(["Anna Berlin", "Peter Oslo", "Maria Roma", "Stefan Toledo", "Irene Salerno"] * 5),
    "numbers": "\n".join(f"{n} {n * 7}.50 {n * 3} {n % 5} 0" for n in range(60)),
    "formulas": "f(x) = a x + b and g(y) = c y + d for all x, y in R with a b = c d ; h k l m n = 0 " * 6,
    "Cyrillic": "Краткая история о том, как лодки пришли поздно и никто не видел фонарь на причале. " * 4,
    "Chinese": "港口的船来得很晚码头上没有人看见灯笼" * 10,
    "Korean with names": "항구의 배는 늦게 왔고 부두에서 아무도 등불을 보지 못했다 (dpkg, xvfb, CDBS). debhelper 를 쓴다. "
    "소금 통 셋은 두 번 세어졌고 서랍에 목록이 있었다: dh, bzcmp, jh, svn, chmod, gzip, mkdir, cpp, cvs, lld.\n" * 6,
    "Chinese with names": "港口的船来得很晚，码头上没有人看见灯笼（dpkg、xvfb、CDBS），盐桶被数了两次，"
    "书记员把清单放在办公室的抽屉里：dh、bzcmp、jh、svn、chmod、gzip、mkdir、cpp、cvs、lld。\n" * 6,
    "codes": "\n".join(f"RES-{n:04} CAP-{n * 3:04} TERMINAL STRIP SERIES" for n in range(40)),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_good_text_of_any_kind_has_no_sign(text: str) -> None:
    assert badness(text) == 0.0


@pytest.mark.parametrize("text", [PROSE, GOOD["German"]])
def test_prose_is_not_even_doubtful(text: str) -> None:
    assert not is_doubtful(text)


def shift_letters(text: str, shift: int) -> str:
    return "".join(chr((ord(c) - 97 + shift) % 26 + 97) if c.isalpha() else c for c in text.lower())


BAD = {
    "letter-spaced": " ".join(PROSE.replace(" ", "")),
    "no spaces": PROSE.replace(" ", ""),
    "shifted by 3": shift_letters(PROSE, 3),
    "shifted by 13": codecs.encode(PROSE, "rot13"),
    "codes of glyphs": "".join(chr(ord(c) - 29) if c.isalpha() and ord(c) > 96 else c for c in PROSE).replace(
        " ", "\x03"
    ),
    "private use": "\ue001\ue00a\ue003 \ue005" * 60,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_text_is_doubtful_or_garbage_and_bad(text: str) -> None:
    assert is_doubtful(text)
    assert badness(text) > 0.2


def test_a_passage_of_garbage_is_found_in_good_text_and_bullets_are_none() -> None:
    passage = "\x04\x05\x06\x07 \x08\t\x0b\x0e" * 15
    assert has_garbage_block(f"{PROSE}\n{passage}\n{PROSE * 3}")
    assert not has_garbage_block("\n".join(f"\uf0b7 {line}" for line in PROSE.split(". ")))


def test_hardly_a_page_in_a_wrong_alphabet_is_taken() -> None:
    letters, chance, taken = string.ascii_lowercase, random.Random(14), 0
    for language in ("eng", "fra", "ita"):
        page = "\n".join([LANGUAGES[language]] * 4)
        assert badness(page) == 0.0, language
        for _ in range(50):
            wrong = "".join(chance.sample(letters, 26))
            cipher = page.translate(str.maketrans(letters + letters.upper(), wrong + wrong.upper()))
            taken += not (is_doubtful(cipher) and badness(cipher) > 0.2)
    assert taken <= 3  # of 150; such short pages have few words that cannot be spoken


def test_lists_of_long_words_are_language() -> None:
    nouns = (
        "Rechtsschutz Wirtschaft Verkehrsschild Durchschnitt Handelsgesellschaft Vorschrift Landschaft Herbstferien "
        "Angebot Rechnung Lieferschein Anschrift Geburtstag Unterschrift Jahresabschluss Buchhaltung Gesellschafter "
        "Hausordnung Mietvertrag Nebenkosten Heizung Wasser Strom Versicherung Grundbuch Notar Gericht Klage Urteil "
    )
    polish = "Szczecin Przemyśl Bydgoszcz Krzyżanowski Brzęczyszczykiewicz Chrząszcz Warszawa Kraków Gdańsk Wrocław "
    for text in (nouns * 3, polish * 8, NO_PROSE["addresses"] * 4, NO_PROSE["plants"] * 4, NO_PROSE["code"] * 4):
        assert badness(text) == 0.0, text[:40]


def test_vowels_with_several_accents_are_vowels() -> None:
    names = (
        "Nguyễn Trường Nghĩa Phượng Quỳnh Thịnh Thức Trịnh Khương Thắng Hồng Phước Nghiệp Thượng Nhựt Chững Quách Đặng "
    )
    assert not are_unspeakable((names * 5).lower().split())
