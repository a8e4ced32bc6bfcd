# ruff: noqa: RUF001 (Greek letters)
"""The shipped functions for the text of pages."""

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfbatch.model import Page
from pdfbatch.transforms import Chain, JoinHyphens, NormalizeWhitespace, TagLanguage
from tests.work.prose import PROSE


def joined(text: str) -> str:
    """The text after its hyphens were joined."""
    return JoinHyphens()(Page(number=1, text=text)).text


def plain(text: str, *, keep_lines: bool = True) -> str:
    """The text with plain white space."""
    return NormalizeWhitespace(keep_lines=keep_lines)(Page(number=1, text=text)).text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("was permit-\nted by law", "was permitted\nby law"),
        ("was permit- \n   ted by law", "was permitted\nby law"),
        ("was permit\u2010\nted by law", "was permitted\nby law"),
        ("was permit\u00ad\nted by law", "was permitted\nby law"),
        ("was permit\u00ac\nted by law", "was permitted\nby law"),
        ("it was permit-\nted.", "it was permitted."),
        ("one permit-\nted\nnext line", "one permitted\nnext line"),
        ("one permit-\nted\n\nnext", "one permitted\n\nnext"),
        ("the inter-\nnatio-\nnal law", "the international\nlaw"),
        ("(not permit-\nted), as he said", "(not permitted),\nas he said"),
        ("die Genehmi-\ngung für Bücher-\nfreunde", "die Genehmigung\nfür Bücherfreunde"),
        ("the state-of-the-\nart engine", "the state-of-the-art\nengine"),
        ("Straßen\u00ad\nBahn", "StraßenBahn"),
        ("l'apparte-\nment", "l'appartement"),
        ("δρό-\nμος", "δρόμος"),
    ],
)
def test_broken_words_are_joined(text: str, wanted: str) -> None:
    assert joined(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "Smith-\nJones Ltd",
        "Haus-\nund Hofrecht",
        "pre-\nand post-war",
        "from 1914-\n18",
        "a pause -\nand then",
        "a dash \u2013\nthen",
        "- one\n- two",
        "no hyphen\nat all",
        "at the end-",
        "gap-\n\nparagraph",
        "COVID-\n19",
    ],
)
def test_what_is_no_broken_word_stays(text: str) -> None:
    assert joined(text) == text


def test_white_space_becomes_plain() -> None:
    assert plain(" a\u00a0 b\t\tc \r\nd\u2003e\n\n\n\n f\u200bg \n") == "a b c\nd e\n\nfg"
    assert plain("a b\nc\n\nd\ne", keep_lines=False) == "a b c\n\nd e"
    assert plain("") == ""
    assert plain(" \n \n ") == ""


@given(st.text(alphabet="ab \t\n\r\x0c\u00a0\u2028\u200b", max_size=60), st.booleans())
def test_plain_white_space_stays(text: str, keep_lines: bool) -> None:
    once = plain(text, keep_lines=keep_lines)
    assert plain(once, keep_lines=keep_lines) == once
    assert "".join(once.split()) == "".join(text.replace("\u200b", "").split())


@given(st.text(alphabet="abÄß- \n.\u00ad", max_size=60))
def test_joining_loses_nothing_but_hyphens(text: str) -> None:
    assert [one for one in joined(text) if one.isalnum()] == [one for one in text if one.isalnum()]


def test_the_language_is_set_where_it_is_not_known() -> None:
    page = Page(number=1, text=PROSE["deu"])
    assert TagLanguage()(page).language == "deu"
    assert TagLanguage(("eng", "fra"))(page).language is None
    assert TagLanguage()(replace(page, language="frk")).language == "frk"


def test_a_chain_does_one_after_the_other_and_keeps_the_rest_of_a_page() -> None:
    page = Page(number=7, text="was  permit-\n   ted", reason="text-layer", confidence=91.5)
    chain = pickle.loads(pickle.dumps(Chain((JoinHyphens(), NormalizeWhitespace()))))
    assert chain(page) == replace(page, text="was permitted")
    assert Chain(())(page) == page
