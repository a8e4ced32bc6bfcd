"""What a sample of documents says of all of them, and how surely: pages, the share of OCR, hours."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_RESAMPLES = 400
_LOW, _HIGH = 0.05, 0.95
_Z = 1.645  # the same nine in ten, in standard deviations
ASSUMED_SECONDS = 2.0
"""What a page by OCR is taken to need at most where the sample has none."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and the range in which it lies for nine samples of ten."""

    likely: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return the three numbers, rounded as far as they mean anything."""
        return {"likely": round(self.likely, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledDocument:
    """What reading one document has shown, without OCR. ``seconds`` are those of a worker."""

    pages: int = 0
    ocr_pages: int = 0
    seconds: float = 0.0
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What to expect. ``worker_hours`` are those of all workers together."""

    pages: Estimate
    ocr_share: Estimate
    ocr_pages: Estimate
    worker_hours: Estimate
    size_bytes: Estimate


def make_forecast(
    sample: Sequence[SampledDocument], documents: int, ocr_seconds: Sequence[float], seed: int
) -> Forecast:
    """Return what the sample says of so many documents, of which it was drawn at random.

    ``ocr_seconds`` are those of single pages. The ranges are those of a bootstrap over documents, narrower the more of all
    documents are in the sample. Where all documents of the sample are alike, it would know no doubt: that of the share of OCR
    is at least Wilson's for so many documents.
    """
    chance = random.Random(seed)
    doubt = sqrt(max(0.0, 1 - len(sample) / documents)) if documents else 0.0
    seen = _find_means(sample, ocr_seconds)
    drawn = [
        _find_means(chance.choices(sample, k=len(sample)), chance.choices(ocr_seconds, k=len(ocr_seconds)))
        for _ in range(_RESAMPLES)
    ]
    low_share, high_share = _wilson(seen.share, len(sample))
    share = _widen(_estimate(seen.share, [one.share for one in drawn], doubt), low_share, high_share, doubt)
    second = max(ocr_seconds) if ocr_seconds else ASSUMED_SECONDS
    hours = _estimate(seen.seconds, [one.seconds for one in drawn], doubt)
    at_share = [seen.reading + seen.pages * one * (seen.ocr or second) for one in (share.low, share.high)]
    hours = Estimate(hours.likely, min(hours.low, at_share[0]), max(hours.high, at_share[1]))
    pages = _estimate(seen.pages, [one.pages for one in drawn], doubt)
    pending = _estimate(seen.pages * seen.share, [one.pages * one.share for one in drawn], doubt)
    pending = Estimate(
        pending.likely, min(pending.low, seen.pages * share.low), max(pending.high, seen.pages * share.high)
    )
    size = _estimate(seen.size, [one.size for one in drawn], doubt)
    return Forecast(
        pages=_scale(pages, documents),
        ocr_share=share,
        ocr_pages=_scale(pending, documents),
        worker_hours=_scale(hours, documents / 3600),
        size_bytes=_scale(size, documents),
    )


@dataclass(frozen=True, slots=True)
class _Means:
    """Means of a document: its pages, the share of OCR, seconds to read it without OCR and with, seconds of a page by OCR."""

    pages: float
    share: float
    reading: float
    seconds: float
    ocr: float
    size: float


def _find_means(sample: Sequence[SampledDocument], ocr_seconds: Sequence[float]) -> _Means:
    if not sample:
        return _Means(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    count = len(sample)
    pages, pending = sum([one.pages for one in sample]) / count, sum([one.ocr_pages for one in sample]) / count
    reading = sum([one.seconds for one in sample]) / count
    ocr = sum(ocr_seconds) / len(ocr_seconds) if ocr_seconds else 0.0
    sizes = [one.size_bytes for one in sample if one.size_bytes is not None]
    size = sum(sizes) / len(sizes) if sizes else 0.0
    share = pending / pages if pages else 0.0
    return _Means(pages, share, reading, reading + pending * ocr, ocr, size)


def _estimate(likely: float, drawn: list[float], doubt: float) -> Estimate:
    ordered = sorted(drawn)
    ends = (ordered[round(share * (len(ordered) - 1))] for share in (_LOW, _HIGH))
    low, high = (likely + (end - likely) * doubt for end in ends)
    return Estimate(likely, max(0.0, min(low, likely)), max(high, likely))


def _widen(found: Estimate, low: float, high: float, doubt: float) -> Estimate:
    """Return the range that holds both, of which the second is narrowed by what is known for sure."""
    low, high = (found.likely + (end - found.likely) * doubt for end in (low, high))
    return Estimate(found.likely, max(0.0, min(found.low, low)), min(1.0, max(found.high, high)))


def _wilson(share: float, count: int) -> tuple[float, float]:
    if not count:
        return 0.0, 1.0
    square = _Z * _Z / count
    middle, spread = share + square / 2, _Z * sqrt(share * (1 - share) / count + square / (4 * count))
    return (middle - spread) / (1 + square), (middle + spread) / (1 + square)


def _scale(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(estimate.likely * factor, estimate.low * factor, estimate.high * factor)
