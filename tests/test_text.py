"""What may be stored."""

from hypothesis import given
from hypothesis import strategies as st

from pdfbatch.engines.pdfium.mending import SIGNS
from pdfbatch.text import is_ordinary, storable_text

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_clean_text_comes_back_as_it_is() -> None:
    text = "Straße 1\n\tnaïve — 漢字 \U0001d44e\n"
    assert storable_text(text) is text


def test_lines_end_in_a_newline() -> None:
    assert storable_text("one\r\ntwo\r\n") == "one\ntwo\n"


def test_a_form_feed_becomes_a_newline() -> None:
    assert storable_text("one\ftwo") == "one\ntwo"


def test_nul_is_left_out() -> None:
    assert storable_text("a\0b") == "ab"


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert storable_text("a\ud835b\udc4e") == "a\ufffdb\ufffd"


def test_halves_of_a_surrogate_pair_are_put_together() -> None:
    assert storable_text("\ud835\udc4e") == "\U0001d44e"


@given(ANY_TEXT)
def test_any_text_can_be_encoded_and_parted_by_form_feeds(text: str) -> None:
    stored = storable_text(text)
    assert stored.encode().decode() == stored
    assert not {"\0", "\f"} & set(stored)


@given(st.text(st.characters(exclude_categories=(), exclude_characters="\r")))
def test_storable_text_is_not_changed_again(text: str) -> None:
    stored = storable_text(text)
    assert storable_text(stored) == stored


def test_an_ordinary_text_needs_no_closer_look() -> None:
    ordinary = [text for text in map(chr, range(0x30000)) if is_ordinary(text)]
    text = "".join(ordinary).replace("\r", "\n")
    assert storable_text(text) is text
    assert SIGNS.search(text) is None
    assert not any("\ue000" <= character <= "\uf8ff" or character == "\ufffd" for character in ordinary)


def test_texts_of_most_pages_are_ordinary() -> None:
    for text in (
        "A page.\r\nIts “second” line — 5 °C, § 7.\xa0",
        "Größe, naïve, Łódź",
        "Ελλάδα",
        "Москва",
        "漢字とかな",
    ):
        assert is_ordinary(text)


def test_what_needs_a_closer_look_is_not_ordinary() -> None:
    for odd in (
        "\0",
        "\x07",
        "\x7f",
        "\x85",
        "\xa8",
        "\xad",
        "`",
        "\u02dc",
        "\u05d0",
        "\u0644",
        "\ufb1d",
        "\ue000",
        "\ufffd",
        "\ufffe",
    ):
        assert not is_ordinary(f"a page°{odd}")
    assert not is_ordinary("half a pair: \ud835")
    assert not is_ordinary("\U000f0000")
