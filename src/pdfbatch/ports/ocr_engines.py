"""What an OCR engine promises: pictures to text."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What OCR read in a picture. ``summarize_words`` makes one of the words.

    ``confidence`` is the mean word confidence, 0 to 100; ``None`` without a word. A word is sure from a confidence of
    ``SURE_CONFIDENCE`` (60) on: ``weak_share`` is the share of words below, 0 to 1, ``None`` when the engine does not tell, and
    ``letters`` are the letters and digits of the sure words. Of two readings of one page, the one with more of them has read
    more of it. ``sideways`` says that most of the words were read from top to bottom, as they stand on a page that is turned
    clockwise by 90 degrees; an engine that cannot tell leaves it out.
    """

    text: str = field(repr=False)
    confidence: float | None
    words: int
    weak_share: float | None = None
    letters: int = 0
    sideways: bool = False


SURE_CONFIDENCE = 60.0
"""Confidence from which a word counts as read."""
SURE_ORIENTATION = 0.9
"""How sure an engine must be of how a page lies for it to be turned unread. Of PP-LCNet, on 73 scans in four turns each, all
267 answers from there on were right, and 8 of the 13 between 0.5 and that."""


def summarize_words(text: str, words: Iterable[tuple[str, float]]) -> Reading:
    """Return the reading of a text and of its words, each with its confidence, 0 to 100."""
    pairs = list(words)
    if not pairs:
        return Reading(text=text, confidence=None, words=0)
    sure = [word for word, confidence in pairs if confidence >= SURE_CONFIDENCE]
    return Reading(
        text=text,
        confidence=round(sum(confidence for _, confidence in pairs) / len(pairs), 2),
        words=len(pairs),
        weak_share=round(1 - len(sure) / len(pairs), 4),
        letters=sum(map(str.isalnum, "".join(sure))),
    )


@runtime_checkable
class SupportsLanguages(Protocol):
    """An OCR engine that can say which languages it reads. Without it, pdfbatch cannot guess the language of a page."""

    @abstractmethod
    def list_languages(self) -> frozenset[str]:
        """Return the codes of the languages that it can read here, each alone; none when it is not installed.

        Called for each document with pages for OCR, so an answer that takes long must be kept.
        """


class OcrEngine(Protocol):
    """Reads pictures: text and confidence. A picklable value, also after it has read; it may be called in many threads.

    One that knows its languages is also a ``SupportsLanguages``.
    """

    @property
    def name(self) -> str:
        """Short name for a record: ``tesseract``, ``tesserocr`` ..."""
        ...

    @property
    def version(self) -> str:
        """Version of the program or library behind it; empty when it is not installed."""
        ...

    @abstractmethod
    def check(self, languages: str) -> None:
        """Raise ``DependencyError`` when these languages (``eng+deu``), or none, cannot be read here.

        The message names the missing languages and says what to install.
        """

    @abstractmethod
    def read(self, image: "Image", *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Read a picture (mode ``L``, ``1`` or ``RGB``) and leave it as it is. Lines of the text end in a line feed.

        Raises ``DocumentError``: ``timeout`` after ``timeout`` seconds (at once for 0 or less), ``ocr_unavailable`` when a
        language is missing, else ``ocr_failed``. The engine can read on after each, and leaves no program running.
        """

    @abstractmethod
    def orientation(self, image: "Image", *, timeout: float | None = None) -> int | None:
        """Return how many degrees clockwise the picture must be turned to stand upright: 0, 90, 180 or 270.

        Return ``None`` when that cannot be told (no orientation data, too little text).
        """


@runtime_checkable
class SupportsSecondReader(Protocol):
    """An OCR engine that knows another one, which reads the pages once more of whose words it is not sure."""

    @property
    def second_reader(self) -> OcrEngine:
        """The other engine. It reads the same languages."""
        ...


@runtime_checkable
class SupportsEarlyOrientation(Protocol):
    """An OCR engine that tells how a picture lies in some milliseconds, so that it is asked before a page is read."""

    @abstractmethod
    def estimate_orientation(self, image: "Image", *, languages: str) -> tuple[int, float] | None:
        """Return how many degrees clockwise the picture must be turned to stand upright, and how sure that is, 0 to 1.

        Return ``None`` when that cannot be told here, as where a model is not installed, or for these languages. Never raises.
        """
