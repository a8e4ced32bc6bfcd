"""Cheap tests of a text: in which language it is, and whether it is language at all.

Both look at function words (articles, prepositions, pronouns, forms of "to be"): in running text they are a fifth to a half of
the words, in garbage hardly one. No dictionary and no model is needed.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from pdfbatch.work.function_words import FUNCTION_WORDS, SCRIPT_OF_LANGUAGE

# Beginnings of the Unicode names of letters; each is the script's name, but for these.
_NAMED_OTHERWISE = {"HIRAGANA": "Kana", "KATAKANA": "Kana", "KATAKANA-HIRAGANA": "Kana", "CJK": "Han"}
# Signs inside a word that are no letters for ``re``: accents and the vowel signs of Hebrew, Arabic and Indic scripts.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963\u200c"
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*")

_SAMPLE_CHARACTERS = 4_000
_LEAST_WORDS = 20
_LEAST_HITS = 5
# One short word that a list repeats is a function word of some language.
_LEAST_DISTINCT = 4
# Running text of these languages has 0.2 and more, lists and forms 0.05 to 0.2.
_CLEAR_SHARE = 0.12
_CLEARLY_MORE = 1.6
# Two languages with many common words differ by the words that only one of them has.
_OWN_WORDS_MORE = 2.5
_LEAST_OWN_WORDS = 3

# A script must have so many letters and so large a share, because formulas, names and OCR errors bring letters of others.
_LEAST_SCRIPT_LETTERS = 20
_SCRIPT_SHARE = 0.5
# Half of Japanese running text is kana, and a tenth of titles; Chinese quotes single words.
_KANA_SHARE = 0.1
_SIMPLIFIED = frozenset(
    "这国来们说时过会对没学样现发动经进还实长问开关东车见话电书业为个后与从两应当无种义产门总条题结质点"
)
_TRADITIONAL = frozenset(
    "這國來們說時過會對沒學樣現發動經進還實長問開關東車見話電書業為個後與從兩應當無種義產門總條題結質點"
)

_SHORT_SAMPLE = 1_500
_LEAST_LATIN_LETTERS = 80
_LATIN_SHARE = 0.9
_FREQUENT_LETTERS = frozenset("eaintrso")
# Of the letters of real texts these eight are 0.48 and more, of a shifted alphabet 0.49 and less.
_FREQUENT_SHARE = 0.48
_VOWELS = "aeiouyà-æè-ïò-öø-ýÿāăąēĕėęěĩīĭįıōŏőœũūŭůűųŷơưǎǐǒǔǖǘǚǜəạ-ỹ"
# Some sounds are written in two or three letters.
_VOWEL, _CONSONANTS = re.compile(f"[{_VOWELS}]"), re.compile(f"(?>sch|[cst]h|ck|ph|[cdrs]z|[^\\W\\d_{_VOWELS}]){{5}}")
_ROW_OF_ASCII = re.compile("[b-df-hj-np-tv-xz]{5}")
_LETTERS_WITH_A_VOWEL, _ENOUGH_LONG_WORDS = 4, 60
_ROWS, _UNSPEAKABLE, _SOME_ROWS = 0.06, 0.12, 3
# A short word of a cipher is a word of some language now and then.
_FUNCTION_WORDS_OF_CHANCE = 0.15


def split_words(text: str, characters: int = _SAMPLE_CHARACTERS) -> list[str]:
    """Return the words of the first characters of a text, in lower case; a word is a run of letters."""
    return _WORD.findall(text[:characters].lower())


def find_script(text: str) -> str:
    """Return the script of most letters of a text (``Latin``, ``Cyrillic``, ``Han`` ...), empty when none is clear.

    ``Japanese`` is Han characters with kana. A text of fewer than 20 letters is not clear.
    """
    counts = _count_scripts(text[:_SAMPLE_CHARACTERS])
    total = counts.total()
    kana, han = counts.pop("Kana", 0), counts["Han"]
    if kana >= max((kana + han) * _KANA_SHARE, 2):
        counts["Japanese"], counts["Han"] = kana + han, 0
    script, count = counts.most_common(1)[0] if counts else ("", 0)
    return script if count >= max(_LEAST_SCRIPT_LETTERS, total * _SCRIPT_SHARE) else ""


def count_function_words(words: Iterable[str]) -> Counter[str]:
    """Return, for each language, how many of the words are function words of it."""
    languages = _languages_of_words()
    return Counter(language for word in words for language in languages.get(word, ()))


def guess_language(text: str, among: Iterable[str] | None = None) -> str | None:
    """Return the language (tesseract's code) that a text is most clearly in, ``None`` when that is not clear.

    ``among`` are the languages to choose from, by default all that are known; others are left out. Not clear is a text of
    fewer than 20 words, one that lacks function words (a list, a table), and one that fits two languages about equally well.
    A script that only one of the languages uses needs no words.
    """
    script = find_script(text)
    candidates = SCRIPT_OF_LANGUAGE if among is None else {*among} & SCRIPT_OF_LANGUAGE.keys()
    of_script = [language for language in candidates if SCRIPT_OF_LANGUAGE[language] == script]
    if script == "Han":
        return _guess_chinese(text, of_script)
    if script != "Latin" and len(of_script) == 1:
        return of_script[0]
    words = split_words(text)
    counts = count_function_words(words)
    best = max(of_script, key=lambda language: (counts[language], language), default=None)
    if best is None or len(words) < _LEAST_WORDS or counts[best] < max(len(words) * _CLEAR_SHARE, _LEAST_HITS):
        return None
    if len(_words_of(best).intersection(words)) < _LEAST_DISTINCT:
        return None
    rivals = (other for other in of_script if other != best and counts[other] * _CLEARLY_MORE > counts[best])
    return best if all(_has_own_words(words, best, rival) for rival in rivals) else None


def is_gibberish(text: str) -> bool:
    """Return whether a text of Latin script is no language: a cipher that a font without a Unicode map leaves, random letters.

    True for text with hardly a function word of any known language, in which the letters that are frequent in all of them
    are rare, or many words cannot be spoken. Lists of names, tables and program code lack function words, too, but they have
    the frequent letters, and vowels where they are needed. Most texts are settled by their first 1,500 characters.
    """
    if has_function_words(split_words(text, _SHORT_SAMPLE)) or has_function_words(words := split_words(text)):
        return False
    letters = Counter("".join(words))
    total = letters.total()
    if total < _LEAST_LATIN_LETTERS or _count_scripts("".join(words))["Latin"] < total * _LATIN_SHARE:
        return False
    frequent = sum(number for letter, number in letters.items() if _is_frequent(letter))
    return frequent < total * _FREQUENT_SHARE or are_unspeakable(words)


def has_unspeakable_rows(sample: str) -> bool:
    """Return whether there are some long rows of consonants in a sample. Takes some ten microseconds."""
    return len(_ROW_OF_ASCII.findall(sample.lower())) >= _SOME_ROWS


def are_unspeakable(words: Sequence[str]) -> bool:
    """Return whether many of the longer words have no vowel, or consonants in long rows.

    Of real pages without function words at most a twentieth have such rows, of German nouns, which have most of them, 3 %.
    """
    long = [word for word in words if len(word) >= _LETTERS_WITH_A_VOWEL]
    rows = sum(_CONSONANTS.search(word) is not None for word in long)
    mute = sum(_VOWEL.search(word) is None for word in long)
    return len(long) >= _ENOUGH_LONG_WORDS and rows >= _ROWS * len(long) and rows + mute >= _UNSPEAKABLE * len(long)


def has_function_words(words: Sequence[str]) -> bool:
    """Return whether more of the words are function words of one language than chance explains."""
    long = [word for word in words if len(word) > 1]
    least = len(long) * _FUNCTION_WORDS_OF_CHANCE
    english = _words_of("eng")
    # English is the most frequent case, and to count for all languages takes ten times as long.
    if sum(map(english.__contains__, long)) > least and len(english.intersection(long)) >= _LEAST_DISTINCT:
        return True
    return any(
        count > least and len(_words_of(language).intersection(long)) >= _LEAST_DISTINCT
        for language, count in count_function_words(long).items()
    )


def _has_own_words(words: Sequence[str], best: str, rival: str) -> bool:
    """Return whether the words that only one of two languages has speak clearly for the first."""
    languages = _languages_of_words()
    of_best = sum(best in found and rival not in found for found in (languages.get(word, ()) for word in words))
    of_rival = sum(rival in found and best not in found for found in (languages.get(word, ()) for word in words))
    return of_best >= max(_LEAST_OWN_WORDS, of_rival * _OWN_WORDS_MORE)


def _guess_chinese(text: str, of_script: Sequence[str]) -> str | None:
    """Return ``chi_sim`` or ``chi_tra`` by the characters that only one of them has."""
    simplified = sum(letter in _SIMPLIFIED and letter not in _TRADITIONAL for letter in text[:_SAMPLE_CHARACTERS])
    traditional = sum(letter in _TRADITIONAL and letter not in _SIMPLIFIED for letter in text[:_SAMPLE_CHARACTERS])
    if simplified == traditional:
        return None
    found = "chi_sim" if simplified > traditional else "chi_tra"
    return found if found in of_script else None


def _count_scripts(text: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for letter, number in Counter(text).items():
        if letter.isalpha():
            counts[_script(letter)] += number
    return counts


@cache
def _words_of(language: str) -> frozenset[str]:
    return frozenset(FUNCTION_WORDS.get(language, "").split())


@lru_cache(maxsize=1)
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    languages: dict[str, list[str]] = {}
    for language, words in FUNCTION_WORDS.items():
        for word in dict.fromkeys(words.split()):
            languages.setdefault(word, []).append(language)
    return {word: tuple(found) for word, found in languages.items()}


@lru_cache(maxsize=4096)
def _is_frequent(letter: str) -> bool:
    return unicodedata.normalize("NFD", letter)[0] in _FREQUENT_LETTERS


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    beginning = unicodedata.name(letter, "").partition(" ")[0]
    return _NAMED_OTHERWISE.get(beginning, beginning.capitalize())
