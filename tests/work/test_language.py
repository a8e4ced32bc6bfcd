"""Which language a text is in, and whether it is language at all."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfbatch.work.function_words import FUNCTION_WORDS, SCRIPT_OF_LANGUAGE
from pdfbatch.work.language import find_script, guess_language, is_gibberish
from tests.work.prose import NO_PROSE, PROSE

LATIN = sorted(code for code in PROSE if SCRIPT_OF_LANGUAGE[code] == "Latin")
# Their plain letters are few enough that some shifts look like letters of a language.
SHIFTED = sorted(set(LATIN) - {"vie"})


def shift_letters(text: str, by: int) -> str:
    """Move each plain letter on in the alphabet, as a font whose map is off by some places shows it."""
    for letters in (string.ascii_lowercase, string.ascii_uppercase):
        text = text.translate(str.maketrans(letters, letters[by:] + letters[:by]))
    return text


def shift_codes(text: str, by: int) -> str:
    """Add to the code of each visible character: the numbers of glyphs, taken for codes."""
    return "".join(chr(ord(letter) + by) if "!" <= letter <= "~" else letter for letter in text)


# --- languages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(PROSE))
def test_a_text_is_in_its_language(code: str) -> None:
    assert guess_language(PROSE[code]) == code


@pytest.mark.parametrize("code", sorted(PROSE))
def test_a_text_is_found_among_a_few_languages_and_in_no_other(code: str) -> None:
    others = {"eng", "deu", "fra", "rus"} - {code}
    assert guess_language(PROSE[code], {*others, code}) == code
    assert guess_language(PROSE[code], {code, "no such", "script/Latin", "osd"}) == code


@pytest.mark.parametrize("code", ["deu", "eng", "fra", "spa", "pol", "fin"])
def test_capitals_line_breaks_and_errors_of_ocr_change_nothing(code: str) -> None:
    text = PROSE[code]
    assert guess_language(text.upper()) == code
    assert guess_language(text.replace(" ", "\n")) == code
    noise = random.Random(code)
    words = [word if noise.random() > 0.15 else "".join(reversed(word)) for word in text.split()]
    assert guess_language(" ".join(words)) == code


@pytest.mark.parametrize("name", sorted(NO_PROSE))
def test_a_list_a_table_or_code_is_in_no_language(name: str) -> None:
    assert guess_language(NO_PROSE[name]) in (None, "lat" if name == "plants" else None)


def test_few_words_are_not_clear() -> None:
    assert guess_language("The house by the river") is None
    assert guess_language("") is None


def test_one_repeated_word_is_no_language() -> None:
    assert guess_language("Part A 13\nPart A 14\n" * 40) is None
    assert guess_language("Saint de Berg 1\n" * 40) is None


def test_a_text_in_two_languages_is_not_clear() -> None:
    assert guess_language(PROSE["deu"] + PROSE["fra"]) is None


@pytest.mark.parametrize("code", ["eng", "deu", "pol"])
def test_letters_of_other_scripts_by_chance_change_nothing(code: str) -> None:
    text = PROSE[code].replace("a", "a 한 ", 3).replace("i", "カ", 2).replace("n", "n \N{GREEK SMALL LETTER ALPHA} ", 3)
    assert guess_language(text) == code


def test_the_scripts_of_east_asia_are_told_apart() -> None:
    assert find_script(PROSE["jpn"]) == "Japanese"
    assert find_script(PROSE["kor"]) == "Hangul"
    assert find_script(PROSE["chi_sim"]) == find_script(PROSE["chi_tra"]) == "Han"
    assert guess_language(PROSE["chi_sim"] + "カタカナ") == "chi_sim"
    assert guess_language(PROSE["kor"] + " 漢字 大韓民國") == "kor"
    assert guess_language(PROSE["jpn"], {"chi_sim", "kor"}) is None
    assert guess_language(PROSE["chi_sim"], {"chi_tra", "jpn"}) is None


def test_the_lists_belong_together() -> None:
    assert FUNCTION_WORDS.keys() <= SCRIPT_OF_LANGUAGE.keys()
    assert [code for code, words in FUNCTION_WORDS.items() if len(words.split()) != len(set(words.split()))] == []
    wrong = {
        (code, word)
        for code, words in FUNCTION_WORDS.items()
        for word in words.split()
        if word != word.lower() or find_script(word * 20) != SCRIPT_OF_LANGUAGE[code]
    }
    assert wrong == set()


# --- gibberish --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*PROSE.values(), *NO_PROSE.values()])
def test_text_is_not_gibberish(text: str) -> None:
    assert not is_gibberish(text)
    assert not is_gibberish(text.upper())


@pytest.mark.parametrize("code", SHIFTED)
def test_text_with_a_wrong_map_is_gibberish(code: str) -> None:
    """A few shifts per language land on frequent letters."""
    shifts = range(1, 26)
    unnoticed = [by for by in shifts if not is_gibberish(shift_letters(PROSE[code], by))]
    assert len(unnoticed) <= 3, unnoticed


@pytest.mark.parametrize("by", [3, -3, 1, -28])
def test_english_by_the_numbers_of_its_glyphs_is_gibberish(by: int) -> None:
    assert is_gibberish(shift_codes(PROSE["eng"], by))


def test_random_letters_are_gibberish() -> None:
    chance = random.Random(7)
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(1, 9))) for _ in range(200)]
    assert is_gibberish(" ".join(words))
    assert is_gibberish(" ".join(words).upper())


def test_too_little_text_is_not_judged() -> None:
    assert not is_gibberish("KDG NHSW WKDW FDUULHG")
    assert not is_gibberish("")


# --- properties -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=600))
def test_any_text_can_be_judged(text: str) -> None:
    found = guess_language(text)
    assert found is None or found in SCRIPT_OF_LANGUAGE
    assert isinstance(is_gibberish(text), bool)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PROSE)), st.sets(st.sampled_from(sorted(SCRIPT_OF_LANGUAGE))))
def test_a_guess_is_among_the_languages_given(code: str, among: set[str]) -> None:
    assert guess_language(PROSE[code], among) in {None, *among}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LATIN), st.randoms(use_true_random=False))
def test_the_order_of_words_does_not_matter(code: str, chance: random.Random) -> None:
    words = PROSE[code].split()
    chance.shuffle(words)
    assert guess_language(" ".join(words)) == code


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PROSE)), st.text(alphabet="0123456789 .,;:-/()%$§\n\t", max_size=300))
def test_figures_and_signs_do_not_matter(code: str, figures: str) -> None:
    assert guess_language(f"{figures}\n{PROSE[code]}\n{figures}") == code
