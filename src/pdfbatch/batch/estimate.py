"""Estimate the time that a batch still needs, by pages: those read from a text layer and those by OCR, each at its own rate."""

from collections.abc import Sequence
from dataclasses import dataclass

from pdfbatch.batch.in_flight import PageWork
from pdfbatch.model import DocumentResult, DocumentStatus

_NOT_READ = (DocumentStatus.SKIPPED, DocumentStatus.DUPLICATE)


@dataclass(slots=True)
class PageRates:
    """Sums over documents that workers of this batch have read: pages by text layer and by OCR, and the seconds for both.

    The seconds of documents without a page (failed ones) are left out: they say nothing about a page.
    """

    documents: int = 0
    text_pages: int = 0
    ocr_pages: int = 0
    text_seconds: float = 0.0
    ocr_seconds: float = 0.0

    def add(self, result: DocumentResult) -> None:
        """Count a document that has ended."""
        if result.status in _NOT_READ:
            return
        counts = result.counts
        self.documents += 1
        if not counts.pages:
            return
        by_ocr = counts.ocr_pages
        ocr_seconds = min(counts.ocr_seconds, result.duration_seconds) if by_ocr else 0.0
        self.text_pages += counts.pages - by_ocr
        self.ocr_pages += by_ocr
        self.ocr_seconds += ocr_seconds
        if counts.pages > by_ocr:
            self.text_seconds += result.duration_seconds - ocr_seconds

    def with_works(self, works: Sequence[PageWork]) -> "PageRates":
        """Return the sums with what has been read of documents in flight."""
        return PageRates(
            self.documents,
            self.text_pages + sum(work.text_pages for work in works),
            self.ocr_pages + sum(work.ocr_pages for work in works),
            self.text_seconds + sum(work.text_seconds for work in works),
            self.ocr_seconds + sum(work.ocr_seconds for work in works),
        )

    @property
    def seconds_per_text_page(self) -> float | None:
        """Seconds of one worker for a page from its text layer."""
        return self.text_seconds / self.text_pages if self.text_pages and self.text_seconds > 0 else None

    @property
    def seconds_per_ocr_page(self) -> float | None:
        """Seconds of one worker for a page by OCR."""
        return self.ocr_seconds / self.ocr_pages if self.ocr_pages and self.ocr_seconds > 0 else None


@dataclass(frozen=True, slots=True)
class _Costs:
    """Seconds of one worker for a page of either kind, and the share of pages that need OCR."""

    text: float
    ocr: float
    ocr_share: float

    def sum_seconds_left(self, work: PageWork) -> float:
        """Return what the rest of a document costs. Of a page in OCR, what it has had counts, up to all that it should need."""
        per_unread = self.text * (1 - self.ocr_share) + self.ocr * self.ocr_share
        had = min(work.open_seconds, work.open_pages * self.ocr) if work.ocr_wait else 0.0
        return max(0.0, work.pending_pages * self.ocr - had) + work.unread_pages * per_unread


def estimate_seconds(ended: PageRates, works: Sequence[PageWork], *, unbegun: int, elapsed: float) -> float | None:
    """Return the seconds left; ``None`` before anything is known.

    ``unbegun`` documents are expected to be as those that have ended or whose pages have been counted. Workers are expected to
    get as much done in a second as they did in the ``elapsed`` ones; a document that one worker reads takes at least its time.
    """
    rates, known = ended.with_works(works), [work for work in works if work.is_known]
    seen = ended.documents + len(known)
    if not seen or not rates.text_pages + rates.ocr_pages + sum(work.pending_pages for work in known):
        return None
    costs = _find_costs(rates, known)
    if costs is None:
        return None
    left = [costs.sum_seconds_left(work) for work in works]
    all_text = rates.text_pages + sum(work.unread_pages for work in known) * (1 - costs.ocr_share)
    all_ocr = (
        rates.ocr_pages
        + sum(work.pending_pages for work in known)
        + sum(work.unread_pages for work in known) * costs.ocr_share
    )
    per_document = (all_text * costs.text + all_ocr * costs.ocr) / seen
    total_left = sum(left) + per_document * (unbegun + len(works) - len(known))
    spent = rates.text_seconds + rates.ocr_seconds + sum(work.open_seconds for work in works)
    longest = max((seconds for seconds, work in zip(left, works, strict=True) if not work.is_split), default=0.0)
    return max(longest, total_left * elapsed / spent if spent > 0 else total_left)


def _find_costs(rates: PageRates, known: Sequence[PageWork]) -> _Costs | None:
    """Return what pages cost; ``None`` when that is not known for pages that are left.

    Before the first page by OCR has ended, it takes at least as long as the one that is being read.
    """
    text, ocr = rates.seconds_per_text_page, rates.seconds_per_ocr_page
    needs_ocr = rates.ocr_pages + sum(work.pending_pages for work in known)
    if ocr is None and needs_ocr:
        ocr = max((work.ocr_wait for work in known), default=0.0)
        if not ocr:
            return None
    seen = rates.text_pages + needs_ocr
    return _Costs(text or 0.0, ocr or 0.0, needs_ocr / seen if seen else 0.0)
