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
    sample: Sequence[SampledDocument],
    documents: int,
    ocr_seconds: Sequence[float],
    seed: int,
    certain: Sequence[SampledDocument] = (),
) -> Forecast:
    """Return what the sample says of so many documents, of which it was drawn at random.

    ``certain`` are those of them that were read for sure, because they are far larger than the others: they stand for
    themselves only. ``ocr_seconds`` are those of single pages. The ranges are those of a bootstrap over documents, narrower the
    more of all documents are in the sample. Where all documents of the sample are alike, it would know no doubt: that of the
    share of OCR is at least Wilson's for so many documents.
    """
    chance = random.Random(seed)
    rest = documents - len(certain)
    doubt = sqrt(max(0.0, 1 - len(sample) / rest)) if rest else 0.0
    known = _add_up(certain)
    seen = _find_totals(known, rest, sample, ocr_seconds)
    drawn = [
        _find_totals(
            known, rest, chance.choices(sample, k=len(sample)), chance.choices(ocr_seconds, k=len(ocr_seconds))
        )
        for _ in range(_RESAMPLES if sample else 0)
    ] or [seen]
    # The doubt about the share is that of the rest alone.
    pages_of_rest = seen.pages - known.pages
    share_of_rest = (seen.ocr_pages - known.ocr_pages) / pages_of_rest if pages_of_rest else 0.0
    ends = [
        known.ocr_pages + pages_of_rest * (share_of_rest + (end - share_of_rest) * doubt)
        for end in _wilson(share_of_rest, len(sample))
    ]
    second = seen.ocr or (max(ocr_seconds) if ocr_seconds else ASSUMED_SECONDS)
    pending = _widen(_estimate(seen.ocr_pages, [one.ocr_pages for one in drawn], doubt), ends)
    share = _widen(
        _estimate(seen.share, [one.share for one in drawn], doubt), [end / max(seen.pages, 1) for end in ends]
    )
    hours = _widen(
        _estimate(seen.seconds, [one.seconds for one in drawn], doubt), [seen.reading + end * second for end in ends]
    )
    return Forecast(
        pages=_estimate(seen.pages, [one.pages for one in drawn], doubt),
        ocr_share=Estimate(share.likely, share.low, min(1.0, share.high)),
        ocr_pages=pending,
        worker_hours=Estimate(hours.likely / 3600, hours.low / 3600, hours.high / 3600),
        size_bytes=_estimate(seen.size, [one.size for one in drawn], doubt),
    )


@dataclass(frozen=True, slots=True)
class _Amounts:
    """Pages, those by OCR, seconds to read all without OCR, bytes; ``ocr`` is the seconds of a page by OCR."""

    pages: float = 0.0
    ocr_pages: float = 0.0
    reading: float = 0.0
    size: float = 0.0
    ocr: float = 0.0

    @property
    def share(self) -> float:
        """The share of the pages that are read by OCR."""
        return self.ocr_pages / self.pages if self.pages else 0.0

    @property
    def seconds(self) -> float:
        """Seconds to read all."""
        return self.reading + self.ocr_pages * self.ocr


def _add_up(documents: Sequence[SampledDocument]) -> _Amounts:
    sizes = [one.size_bytes for one in documents if one.size_bytes is not None]
    return _Amounts(
        pages=sum([one.pages for one in documents]),
        ocr_pages=sum([one.ocr_pages for one in documents]),
        reading=sum([one.seconds for one in documents]),
        size=sum(sizes) * len(documents) / len(sizes) if sizes else 0.0,
    )


def _find_totals(
    known: _Amounts, rest: int, sample: Sequence[SampledDocument], ocr_seconds: Sequence[float]
) -> _Amounts:
    """Return what is known for sure, and what the sample says of the rest."""
    seen, factor = _add_up(sample), rest / len(sample) if sample else 0.0
    return _Amounts(
        pages=known.pages + seen.pages * factor,
        ocr_pages=known.ocr_pages + seen.ocr_pages * factor,
        reading=known.reading + seen.reading * factor,
        size=known.size + seen.size * factor,
        ocr=sum(ocr_seconds) / len(ocr_seconds) if ocr_seconds else 0.0,
    )


def _estimate(likely: float, drawn: list[float], doubt: float) -> Estimate:
    ordered = sorted(drawn)
    ends = (ordered[round(share * (len(ordered) - 1))] for share in (_LOW, _HIGH))
    low, high = (likely + (end - likely) * doubt for end in ends)
    return Estimate(likely, max(0.0, min(low, likely)), max(high, likely))


def _widen(found: Estimate, ends: Sequence[float]) -> Estimate:
    """Return the range that holds both."""
    return Estimate(found.likely, max(0.0, min(found.low, *ends)), max(found.high, *ends))


def _wilson(share: float, count: int) -> tuple[float, float]:
    if not count:
        return 0.0, 1.0
    square = _Z * _Z / count
    middle, spread = share + square / 2, _Z * sqrt(share * (1 - share) / count + square / (4 * count))
    return (middle - spread) / (1 + square), (middle + spread) / (1 + square)
