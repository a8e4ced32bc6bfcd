"""What a glance at a text lets pass needs no closer look."""

from hypothesis import given
from hypothesis import strategies as st

from pdfbatch.engines.pdfium.glance import is_clean
from pdfbatch.engines.pdfium.meanings import may_lack_meanings
from pdfbatch.engines.pdfium.mending import SIGNS, has_odd_places, is_letter_spaced
from pdfbatch.text import is_ordinary, storable_text


def test_no_clean_character_is_a_sign() -> None:
    clean = [character for character in map(chr, range(0x30000)) if is_clean(f"a{character}")]
    text = "".join(clean).replace("\r", "\n")
    assert len(clean) > 20_000
    assert SIGNS.search(text) is None
    assert is_ordinary(text)
    assert storable_text(text) is text
    assert not any(may_lack_meanings(character) for character in clean)


@given(st.text(st.sampled_from("aB \n\r-é`\xad—。字\u0644")))
def test_a_clean_text_has_no_sign_of_anything(text: str) -> None:
    if is_clean(text):
        assert SIGNS.search(text) is None
        assert not has_odd_places(text)
        assert not is_letter_spaced(text)


def test_texts_of_most_pages_are_clean() -> None:
    for text in ("A page.\r\nIts “second” line — 5 °C, § 7.\xa0", "Größe, Łódź", "Ελλάδα", "Москва", "漢字とかな。"):
        assert is_clean(text)


def test_what_may_be_mended_is_not_clean() -> None:
    letter_spaced = " ".join("letters that stand apart")
    for odd in (
        "twoWords",
        "a line\n and one",
        " a",
        letter_spaced,
        "a`",
        "soft\xad",
        "a \u0644",
        "\u1e9e\u0bb1",
        "\u3401",
    ):
        assert not is_clean(odd)
    assert not is_clean("half a pair: \ud835")
