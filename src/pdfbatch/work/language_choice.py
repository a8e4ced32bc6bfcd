"""In which languages OCR reads the pages of one document, and whether these fit the words that it finds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pdfbatch.common import AUTO
from pdfbatch.errors import DocumentError
from pdfbatch.model import Note
from pdfbatch.ports import OcrEngine, SupportsLanguages
from pdfbatch.work.function_words import SCRIPT_OF_LANGUAGE
from pdfbatch.work.language import guess_language, has_function_words, split_words
from pdfbatch.work.recognition import Recognition

Read = Callable[[str], Recognition]
"""Read a page in languages (``eng+deu``)."""

# A page read with the wrong script is words of no language, of which OCR is not sure; one of names or figures is sure.
_SURE_CONFIDENCE = 75.0
_LEAST_WORDS = 5
# Other scripts are tried in one reading, which takes as long as one for each language; and seldom in vain.
_MOST_SCRIPTS = 4
_TRIES_IN_VAIN = 2
# A reading in the language that fits is kept unless it is clearly worse: the confidences of two languages differ a little.
_CONFIDENCE_TOLERANCE = 5.0
# Which language to try for a script of which several are installed: the others then follow from the words.
_FIRST_OF_SCRIPT = ("eng", "rus", "ara", "ell", "hin", "heb", "chi_sim", "jpn", "kor")


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageReading:
    """The reading of a page that is kept, the language of its words where that is clear, and a ``Note`` or nothing."""

    recognition: Recognition
    language: str | None = None
    note: Note | Literal[""] = ""


@dataclass(slots=True, kw_only=True)
class LanguageChooser:
    """Choose the languages for the pages of one document, one after the other.

    ``asked`` are the languages to read, or ``auto``: then a page is read in English (or in what there is) and, if its words fit
    another installed language, again in that. ``guessed``, the first language that was clear, is the one in which further pages
    are read first. No page is read more than twice.
    """

    asked: str
    installed: frozenset[str] = frozenset()
    guessed: str | None = None
    _tries: int = _TRIES_IN_VAIN

    def learn(self, texts: Iterable[str]) -> None:
        """Guess the document's language from pages that need no OCR, before the others are read."""
        if self.asked == AUTO and self.guessed is None:
            found, is_installed = self._guess("\n".join(texts))
            self.guessed = found if is_installed else None

    def read(self, read: Read) -> LanguageReading:
        """Read a page. Raises what ``read`` raises at the first reading; a second one that fails is left out."""
        if self.asked != AUTO:
            return self.judge(read(self.asked), self.asked)
        languages = self.guessed or first_language(self.installed)
        first = read(languages)
        found, is_installed = self._guess(first.reading.text)
        if found is None and self._may_be_other_script(first):
            return self._read_other_scripts(read, first)
        if found is None or not is_installed or found == languages:
            self.guessed = self.guessed or (found if is_installed else None)
            return self.judge(first, languages)
        self.guessed = self.guessed or found
        second = _try(read, found)
        if second is not None and _is_as_good(second, first):
            return LanguageReading(recognition=second, language=found)
        return self.judge(first, languages)

    def judge(self, recognition: Recognition, languages: str) -> LanguageReading:
        """Say whether the words of a reading fit the languages in which it was read."""
        names = languages.split("+")
        if not SCRIPT_OF_LANGUAGE.keys() >= {*names}:  # data of another name: nobody knows which words it is for
            return LanguageReading(recognition=recognition)
        found, is_installed = self._guess(recognition.reading.text, names)
        if found is None or found in names:
            return LanguageReading(recognition=recognition, language=found)
        note = Note.OTHER_LANGUAGE if is_installed else Note.LANGUAGE_NOT_INSTALLED
        return LanguageReading(recognition=recognition, language=found, note=note)

    def _guess(self, text: str, asked: Collection[str] = ()) -> tuple[str | None, bool]:
        """Return the language of a text, and whether it is installed.

        The one that fits best of all that are known; when that is not clear, because two are very similar, the best of those
        that are installed.
        """
        known = {*self.installed, *asked}
        found = guess_language(text)
        if found is None and known:
            found = guess_language(text, known)
        return found, found in known

    # --- other scripts --------------------------------------------------------------------------------------------

    def _may_be_other_script(self, recognition: Recognition) -> bool:
        if self.guessed is not None or not self._tries or not self._other_scripts():
            return False
        words, confidence = split_words(recognition.reading.text), recognition.reading.confidence
        return len(words) >= _LEAST_WORDS and (confidence or 0) < _SURE_CONFIDENCE and not has_function_words(words)

    def _read_other_scripts(self, read: Read, first: Recognition) -> LanguageReading:
        """Read a page of no language once more, with a language of each other script together."""
        second = _try(read, "+".join(self._other_scripts()))
        found, is_installed = (None, False) if second is None else self._guess(second.reading.text)
        if second is None or found is None or not is_installed or _confidence(second) <= _confidence(first):
            self._tries -= 1
            return LanguageReading(recognition=first)
        self.guessed = found
        return LanguageReading(recognition=second, language=found)

    def _other_scripts(self) -> list[str]:
        return other_scripts(self.installed)


def choose_for(engine: OcrEngine | None, languages: str) -> LanguageChooser:
    """Return the chooser for one document, with the languages that the engine can read, if it can tell."""
    installed = engine.list_languages() if isinstance(engine, SupportsLanguages) else frozenset[str]()
    return LanguageChooser(asked=languages, installed=installed)


def first_language(installed: Collection[str]) -> str:
    """Return the language in which to read a page of which nothing is known: English, else one of Latin script, else any."""
    return min(installed & SCRIPT_OF_LANGUAGE.keys(), key=_rank, default="eng") if installed else "eng"


@lru_cache(maxsize=8)
def other_scripts(installed: frozenset[str]) -> list[str]:
    """Return one language for each script that is installed, except the script of ``first_language``; four at most."""
    known = sorted(installed & SCRIPT_OF_LANGUAGE.keys(), key=_rank)
    by_script = {SCRIPT_OF_LANGUAGE[language]: language for language in reversed(known)}
    by_script.pop(SCRIPT_OF_LANGUAGE[first_language(installed)], None)
    return sorted(by_script.values(), key=_rank)[:_MOST_SCRIPTS]


def _rank(language: str) -> tuple[bool, bool, int, str]:
    """Order languages: English, others of Latin script, then those of other scripts by the number of their readers."""
    usual = _FIRST_OF_SCRIPT.index(language) if language in _FIRST_OF_SCRIPT else len(_FIRST_OF_SCRIPT)
    return (language != "eng", SCRIPT_OF_LANGUAGE[language] != "Latin", usual, language)


def _try(read: Read, languages: str) -> Recognition | None:
    try:
        return read(languages)
    except DocumentError:  # most often for want of time; the first reading is there
        return None


def _is_as_good(second: Recognition, first: Recognition) -> bool:
    enough = second.reading.words * 2 >= first.reading.words
    return enough and _confidence(second) + _CONFIDENCE_TOLERANCE >= _confidence(first)


def _confidence(recognition: Recognition) -> float:
    return recognition.reading.confidence or 0.0
