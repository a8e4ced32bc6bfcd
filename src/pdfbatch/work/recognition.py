"""Read the image of a page by OCR, and again turned, if the page seems to be upside down or on its side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdfbatch import awake_clock
from pdfbatch.errors import DocumentError
from pdfbatch.ports import OcrEngine, Reading
from pdfbatch.settings import PageRules

if TYPE_CHECKING:
    from PIL.Image import Image

WEAK_CONFIDENCE = PageRules().weak_confidence

# The mean confidence of few words varies more: short lines upside down reach 69. So their limit is higher by this margin.
_FEW_WORDS = 10
_MARGIN_OF_FEW = 15.0

_SIDEWAYS = frozenset({90, 270})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The best reading of an image, and by how many degrees clockwise the image was turned for it."""

    reading: Reading
    turned: int = 0


def recognize(
    image: "Image",
    *,
    engine: OcrEngine,
    languages: str,
    dpi: int,
    timeout: float | None = None,
    weak_confidence: float = WEAK_CONFIDENCE,
) -> Recognition:
    """Read a page, and return the best of up to three readings.

    When the confidence of the first reading is weak, the page is turned by 180 degrees and read again. When that is weak, too,
    and the engine says that the page is on its side, it is turned accordingly and read a third time. Tesseract reads upright
    text and text turned clockwise by 90 degrees equally well, so that 180 degrees correct both orientations that it misreads.
    A page on which it finds no word is not read again, because it recognizes turned text always as some words.

    ``timeout`` is in seconds for all readings together. Raises what ``engine.read`` raises for the first reading. When a later
    one fails or takes too long, the best reading before it is returned.
    """
    remaining = _countdown(timeout)
    best = Recognition(reading=engine.read(image, languages=languages, dpi=dpi, timeout=remaining()))
    if not _is_weak(best, weak_confidence):
        return best
    try:
        for degrees in _turns(image, engine, remaining):
            turned = engine.read(_turn(image, degrees), languages=languages, dpi=dpi, timeout=remaining())
            best = _better(best, Recognition(reading=turned, turned=degrees))
            if not _is_weak(best, weak_confidence):
                break
    except DocumentError:
        return best
    return best


def _turns(image: "Image", engine: OcrEngine, remaining: Callable[[], float | None]) -> Iterator[int]:
    yield 180
    found = engine.orientation(image, timeout=remaining())
    if found in _SIDEWAYS:
        yield found


def _turn(image: "Image", degrees: int) -> "Image":
    from PIL.Image import Transpose  # noqa: PLC0415 (only pages with weak readings need it)

    counterclockwise = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
    return image.transpose(counterclockwise[degrees])


def _is_weak(recognition: Recognition, limit: float) -> bool:
    confidence = recognition.reading.confidence
    margin = _MARGIN_OF_FEW if recognition.reading.words < _FEW_WORDS else 0.0
    return confidence is not None and confidence < limit + margin


def _better(first: Recognition, second: Recognition) -> Recognition:
    # A single word with a high confidence is no better reading than a page of words with a lower one.
    enough = second.reading.words * 2 >= first.reading.words
    return second if enough and _confidence(second) > _confidence(first) else first


def _confidence(recognition: Recognition) -> float:
    return recognition.reading.confidence or 0.0


def _countdown(timeout: float | None) -> Callable[[], float | None]:
    """Return a function that returns how many seconds are left, ``None`` without a limit."""
    if timeout is None:
        return lambda: None
    end = awake_clock.now() + timeout
    return lambda: end - awake_clock.now()
