"""Read the image of a page by OCR, and again where the first reading is weak: turned, or in another way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from pdfbatch.common import awake_time
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import OcrDetails, Reread
from pdfbatch.ports import SURE_ORIENTATION, OcrEngine, Reading, SupportsEarlyOrientation, SupportsSecondReader
from pdfbatch.settings import Extraction
from pdfbatch.work.grain import smooth
from pdfbatch.work.page_rules import has_faint_print
from pdfbatch.work.skew import straighten
from pdfbatch.work.streaks import remove_streaks
from pdfbatch.work.turns import find_turn, likely_turns, turn

if TYPE_CHECKING:
    from PIL.Image import Image

# The mean confidence of few words varies more: short lines upside down reach 69. So their limit is higher by this margin.
_FEW_WORDS = 10
_MARGIN_OF_FEW = 15.0

_SIDEWAYS = frozenset({90, 270})
_LIKELY_ORIENTATION = 0.5
"""How sure an engine must be of how a page lies for a strip of it to be read both ways."""
_OTHER_DPI_FACTOR = 1.5
_PARTLY_WEAK, _ENOUGH_WORDS = (0.2, 0.35), 50
_MORE_LETTERS = 1.05


class Drawing(Protocol):
    """A page that is drawn, and can be drawn again."""

    @property
    def dpi(self) -> int:
        """The resolution of ``image``."""
        ...

    @property
    def print_dpi(self) -> int:
        """The resolution that the print on it seems to have, where the page has an absurd size."""
        ...

    @property
    def image(self) -> "Image":
        """The page as it was drawn last."""
        ...

    def redraw(self, dpi: int) -> bool:
        """Draw the page at another resolution. Return false, and keep what is there, when that is not allowed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The best reading of a page, and how it came about.

    ``turned``: by how many degrees clockwise the image was turned for it. ``readings``: how often the whole page was read, and
    ``reread`` why more than once. ``failed_reading``: why a further one did not end. ``dpi`` and ``engine`` are those of this
    reading.
    """

    reading: Reading
    turned: int = 0
    readings: int = 1
    reread: Reread = Reread.NO
    failed_reading: str = ""
    dpi: int = 0
    engine: str = ""

    def details(self, cpu_seconds: float) -> OcrDetails:
        """Return what a page tells of it."""
        return OcrDetails(
            engine=self.engine,
            dpi=self.dpi,
            turned=self.turned,
            readings=self.readings,
            reread=self.reread,
            failed_reading=self.failed_reading,
            cpu_seconds=round(cpu_seconds, 4),
        )


def recognize(
    drawing: Drawing,
    *,
    engine: OcrEngine,
    languages: str,
    timeout: float | None = None,
    extraction: Extraction = Extraction(),
    before_more: Callable[[Recognition], None] = lambda _: None,
) -> Recognition:
    """Read a page, and return the best of up to ``extraction.max_readings`` readings.

    Lines that are skewed by more than three degrees are levelled first. A page of which the engine is sure how it lies is
    turned unread, and one whose drawing shows that it may lie turned, if a strip of it is read better so. When the words of the
    first reading are weak and a strip is read better after half a turn, the page is read turned, and as it lies, if it was
    turned unread; when it stays weak and the engine says that the page is on its side, it is turned accordingly. A page on
    which no word is read, although it shows something like lines of print, is read smoothed: grain hides letters from an OCR
    engine. A page whose words are still doubtful is read once more by the engine's second reader. Without one, a page of which
    a fifth to a third of the words are weak is read at one and a half times the resolution. ``choose`` takes one of the
    readings.

    ``timeout`` is in seconds for all readings together. Raises what ``engine.read`` raises for the first reading. Whatever a
    later one raises, the best reading before it is returned, with the cause as ``failed_reading``. ``before_more`` is called
    with the best reading before something more is read, which may end the process; what it raises keeps that from being read.
    """
    reader = _Reader(drawing, engine, languages, extraction, _count_down(timeout), before_more)
    best, failed = reader.read_first(), ""
    try:
        for step in (reader.read_smoothed, reader.read_turned, reader.read_sideways, reader.read_otherwise):
            best = step(best)
    except DocumentError as error:
        failed = str(error.cause)
    except MemoryError:
        failed = str(Cause.MEMORY_LIMIT)
    except Exception:  # noqa: BLE001 (an engine of others may raise anything, and the first reading is there)
        failed = str(Cause.INTERNAL)
    return replace(best, readings=reader.readings, reread=reader.reread, failed_reading=failed)


def choose(first: Reading, second: Reading) -> Reading:
    """Return the reading that has read more of a page: more letters in words of a confidence of 60 or more.

    The second must have a twentieth more, because less is chance. Mean confidence does not tell: it is high where doubtful
    words were left out.
    """
    return second if second.letters > first.letters * _MORE_LETTERS else first


@dataclass(slots=True)
class _Reader:
    drawing: Drawing
    engine: OcrEngine
    languages: str
    extraction: Extraction
    remaining: Callable[[], float | None]
    before_more: Callable[[Recognition], None]
    readings: int = 0
    reread: Reread = Reread.NO
    image: "Image | None" = None
    tested: tuple[int, ...] = ()  # turns that a strip has shown to be better, or not

    def read_first(self) -> Recognition:
        """Read the page as its print shows that it lies, which mostly is as it is."""
        self.image = straighten(remove_streaks(self.drawing.image))
        turns, is_sure = self._estimate_turns(self.image)
        turned = turns[0] if turns and is_sure else 0
        if not is_sure:
            self.tested = turns
            try:
                turned = self._find_turn(self.image, turns)
            except DocumentError:
                turned = 0
        return self._read(turn(self.image, turned) if turned else self.image, turned=turned)

    def _estimate_turns(self, image: "Image") -> tuple[tuple[int, ...], bool]:
        """Return by how many degrees clockwise the page may have to be turned, and whether that needs no strip."""
        found = None
        if isinstance(self.engine, SupportsEarlyOrientation):
            found = self.engine.estimate_orientation(image, languages=self.languages)
        degrees, sureness = found or (0, 0.0)
        turns = (degrees,) if degrees else ()
        if sureness >= SURE_ORIENTATION:
            return turns, True
        return (turns if sureness >= _LIKELY_ORIENTATION else ()) or likely_turns(image), False

    def read_smoothed(self, best: Recognition) -> Recognition:
        """Read a page of heavy grain, on which no word was found, with the grain averaged out."""
        if best.reading.words or self.image is None or self.readings >= self.extraction.max_readings:
            return best
        if not has_faint_print(self.image):
            return best
        self._tell(best)
        clear = smooth(self.image, self.drawing.dpi)
        other = self._read(turn(clear, best.turned) if best.turned else clear, turned=best.turned)
        self.reread = Reread.WEAK
        if choose(best.reading, other.reading) is best.reading:
            return best
        self.image = clear
        return other

    def read_turned(self, best: Recognition) -> Recognition:
        """Read a weak page turned, if a strip of it is read better after half a turn; as it lies, if it was turned unread."""
        if 180 in self.tested or not self._is_weak(best) or self.image is None:
            return best
        if best.turned:
            return best if self.tested else self._read_unturned(self.image, best)
        self._tell(best)
        degrees = self._find_turn(self.image, (180,))
        if not degrees:
            return best
        turned = self._read(turn(self.image, degrees), turned=degrees)
        self.reread = Reread.TURNED
        return _better(best, turned)

    def _read_unturned(self, image: "Image", best: Recognition) -> Recognition:
        self._tell(best)
        self.reread = Reread.TURNED
        return _better(best, self._read(image))

    def read_sideways(self, best: Recognition) -> Recognition:
        """Read a page that is still weak turned by 90 or 270 degrees, if the engine knows that it lies on its side."""
        if not self._is_weak(best) or self.image is None:
            return best
        self._tell(best)
        side = self.engine.orientation(self.image, timeout=self.remaining())
        if side not in _SIDEWAYS or side == best.turned:
            return best
        turned = self._read(turn(self.image, side), turned=side)
        self.reread = Reread.TURNED
        return _better(best, turned)

    def read_otherwise(self, best: Recognition) -> Recognition:
        """Read a page of doubtful words by the second reader, or at another resolution."""
        second = self.engine.second_reader if isinstance(self.engine, SupportsSecondReader) else None
        if self.image is None or self.readings >= self.extraction.max_readings:
            return best
        if not (_pays_elsewhere(best.reading) if second is None else self._is_doubtful(best.reading)):
            return best
        self._tell(best)
        if second is None:
            self.image = None
            if not self.drawing.redraw(round(self.drawing.dpi * _OTHER_DPI_FACTOR)):
                return best
            self.image = straighten(remove_streaks(self.drawing.image))
        image = turn(self.image, best.turned) if best.turned else self.image
        other = self._read(image, turned=best.turned, engine=second)
        self.reread = Reread.WEAK
        return other if choose(best.reading, other.reading) is other.reading else best

    def _read(self, image: "Image", *, turned: int = 0, engine: OcrEngine | None = None) -> Recognition:
        chosen, dpi = engine or self.engine, self.drawing.print_dpi
        reading = chosen.read(image, languages=self.languages, dpi=dpi, timeout=self.remaining())
        self.readings += 1
        return Recognition(reading=reading, turned=turned, dpi=self.drawing.dpi, engine=chosen.name)

    def _tell(self, best: Recognition) -> None:
        self.before_more(replace(best, readings=self.readings, reread=self.reread))

    def _find_turn(self, image: "Image", turns: Iterable[int]) -> int:
        return find_turn(
            image,
            turns,
            engine=self.engine,
            languages=self.languages,
            dpi=self.drawing.print_dpi,
            remaining=self.remaining,
        )

    def _is_weak(self, best: Recognition) -> bool:
        confidence = best.reading.confidence
        margin = _MARGIN_OF_FEW if best.reading.words < _FEW_WORDS else 0.0
        is_below = confidence is not None and confidence < self.extraction.rules.weak_confidence + margin
        return is_below and self.readings < self.extraction.max_readings

    def _is_doubtful(self, reading: Reading) -> bool:
        return reading.confidence is None or reading.confidence < self.extraction.rules.doubtful_confidence


def _pays_elsewhere(reading: Reading) -> bool:
    """Return whether another resolution may read more: on tables and forms, where the lines were found wrongly in places.

    Where most words are weak, there is no print, and no resolution helps.
    """
    least, most = _PARTLY_WEAK
    return reading.words >= _ENOUGH_WORDS and least <= (reading.weak_share or 0.0) <= most


def _better(first: Recognition, second: Recognition) -> Recognition:
    # A single word with a high confidence is no better reading than a page of words with a lower one.
    enough = second.reading.words * 2 >= first.reading.words
    return second if enough and _confidence(second) > _confidence(first) else first


def _confidence(recognition: Recognition) -> float:
    return recognition.reading.confidence or 0.0


def _count_down(timeout: float | None) -> Callable[[], float | None]:
    """Return a function that returns how many seconds are left, ``None`` without a limit."""
    if timeout is None:
        return lambda: None
    end = awake_time() + timeout
    return lambda: end - awake_time()
