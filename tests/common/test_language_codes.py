"""Names of languages as people, catalogues and standards write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfbatch.common.language_codes import codes_of_setting, find_code, find_codes, names_in
from pdfbatch.work.function_words import SCRIPT_OF_LANGUAGE


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("de", "deu"),
        ("DE", "deu"),
        ("de-AT", "deu"),
        ("de_CH.", "deu"),
        ("deu", "deu"),
        ("ger", "deu"),
        ("German", "deu"),
        (" deutsch ", "deu"),
        ("en", "eng"),
        ("en-GB-oxendict", "eng"),
        ("fre", "fra"),
        ("Français", "fra"),
        ("Franc\u0327ais", "fra"),
        ("pt-BR", "por"),
        ("Brazilian Portuguese", "por"),
        ("cs", "ces"),
        ("ku", "kmr"),
        ("kur", "kur"),
        ("tgl", "tgl"),
        ("cze", "ces"),
        ("zh", "chi_sim"),
        ("zh-CN", "chi_sim"),
        ("zh-Hant", "chi_tra"),
        ("zh_TW", "chi_tra"),
        ("Chinese (Traditional)", "chi_tra"),
        ("chi_tra", "chi_tra"),
        ("nb", "nor"),
        ("Norwegian Bokmål", "nor"),
        ("sr", "srp"),
        ("sr-Latn-RS", "srp_latn"),
        ("iw", "heb"),
        ("日本語", "jpn"),
        ("Русский", "rus"),
    ],
)
def test_names_are_known(name: str, code: str) -> None:
    assert find_code(name) == code
    assert find_codes(name) == [code]
    assert codes_of_setting(name) == (name if "_" in name else code)


@pytest.mark.parametrize("name", ["", "Klingon", "xx", "e", "English?!", "12", "und", "mul", "de/", "Deutschland"])
def test_others_are_not(name: str) -> None:
    assert find_code(name) is None


@pytest.mark.parametrize(
    "name", ["eng+deu", "en, de", "English and German", "en; de", "en/de", "EN|DE", "en & de", "en,xx,de,en"]
)
def test_several_names_are_separated(name: str) -> None:
    assert find_codes(name) == ["eng", "deu"]


def test_settings_keep_what_is_not_known() -> None:
    assert codes_of_setting("en+script/Latin+my_font") == "eng+script/Latin+my_font"
    assert codes_of_setting(" Auto ") == "auto"
    assert codes_of_setting("eng_best") == "eng_best"


def test_metadata_have_texts_or_lists_of_them() -> None:
    assert list(names_in(["en, xx", ["de"], None, 7])) == ["en", "xx", "de", "7"]
    assert list(names_in(None)) == []
    assert list(names_in({"a": 1})) == ["{'a': 1}"]
    assert list(names_in(b"en")) == ["b'en'"]


@pytest.mark.parametrize("code", sorted(SCRIPT_OF_LANGUAGE))
def test_each_code_of_tesseract_is_its_own_name(code: str) -> None:
    assert code == "frk" or find_code(code) == code


@settings(max_examples=100, derandomize=True)
@given(st.text(max_size=40))
def test_any_text_may_be_a_name(text: str) -> None:
    assert set(find_codes(text)) <= SCRIPT_OF_LANGUAGE.keys() | {"tgl"}
    assert codes_of_setting(text) is not None
