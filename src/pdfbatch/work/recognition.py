"""A page image -> the best reading of it: pages that lie on their side or upside down are turned and read again."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdfbatch.errors import DocumentError
from pdfbatch.ports import OcrEngine, Reading
from pdfbatch.settings import PageRules

if TYPE_CHECKING:
    from PIL.Image import Image

WEAK_CONFIDENCE = PageRules().weak_confidence

# The fewer words, the wider their mean scatters: short lines on their head were read with up to 69. They are cheap to reread.
_FEW_WORDS = 10
_MARGIN_OF_FEW = 15.0

_SIDEWAYS = frozenset({90, 270})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The reading that was kept, and how many degrees clockwise the image was turned for it."""

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
    """Read a page; when its words are weak, turn it, read again and keep the better reading.

    A page is read once, a weak one twice (by half a turn), and once more when both are weak and the engine says that it lies
    on its side. Half a turn is enough for tesseract, which reads upright text and text turned clockwise by 90 degrees
    equally well: of the four ways a page can lie, it misreads the two that half a turn mends. A page without a word is not
    read again: turned text always shows as words.

    ``timeout`` is for all readings together. Raises what ``engine.read`` raises for the first; a later one that fails or runs
    out of time leaves the reading before it.
    """
    remaining = _countdown(timeout)
    best = Recognition(reading=engine.read(image, languages=languages, dpi=dpi, timeout=remaining()))
    if not _is_weak(best, weak_confidence):
        return best
    try:
        for degrees in _turns(image, engine, remaining):
            turned = engine.read(_turned(image, degrees), languages=languages, dpi=dpi, timeout=remaining())
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


def _turned(image: "Image", degrees: int) -> "Image":
    from PIL.Image import Transpose  # noqa: PLC0415 (only weak pages need it)

    counterclockwise = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
    return image.transpose(counterclockwise[degrees])


def _is_weak(recognition: Recognition, limit: float) -> bool:
    confidence = recognition.reading.confidence
    margin = _MARGIN_OF_FEW if recognition.reading.words < _FEW_WORDS else 0.0
    return confidence is not None and confidence < limit + margin


def _better(first: Recognition, second: Recognition) -> Recognition:
    # A single lucky word must not win against a page of doubtful ones.
    enough = second.reading.words * 2 >= first.reading.words
    return second if enough and _confidence(second) > _confidence(first) else first


def _confidence(recognition: Recognition) -> float:
    return recognition.reading.confidence or 0.0


def _countdown(timeout: float | None) -> Callable[[], float | None]:
    """A function that says how many seconds are left; ``None`` without a limit."""
    if timeout is None:
        return lambda: None
    end = time.monotonic() + timeout
    return lambda: end - time.monotonic()
