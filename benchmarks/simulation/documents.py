"""Documents of a heavy-tailed size, some of them scans, and what they cost a worker."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.simulation.calibration import Calibration
from benchmarks.simulation.plan import Plan

MOST_PAGES = 10_000
SLICE_DOCUMENTS = 32
BLOCK = 100_000
SHARDS_A_MACHINE, LEAST_OF_A_SHARD = 4, 100


@dataclass(frozen=True, slots=True)
class Piece:
    """What a worker does without a break: a slice of text documents, or some pages of a scan, which is one of ``pieces``.

    ``seconds`` is CPU of the reading alone.
    """

    documents: int
    pages: int
    seconds: float
    document: int = 0
    pieces: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is read: the share of scans among documents, by pages also, and the costs of pages."""

    plan: Plan
    costs: Calibration
    ocr_share: float
    seed: int = 1

    @property
    def mean_seconds(self) -> float:
        """CPU that a document takes on average."""
        pages = self.costs.mean_pages
        return (self.costs.document_ms + pages * (self.costs.page_ms + self.ocr_share * self.costs.ocr_page_ms)) / 1000

    def shard_documents(self, workers: int) -> int:
        """Return how many documents a shard should have: some minutes of its machine, and some shards for each machine."""
        plan = self.plan
        cores = min(workers, plan.machine_cores)
        fair = plan.documents * cores / (SHARDS_A_MACHINE * workers)
        return max(LEAST_OF_A_SHARD, round(min(plan.shard_seconds * cores / self.mean_seconds, fair)))

    def draw(self, count: int, stream: int = 0) -> Iterator[tuple[Any, Any]]:
        """Yield arrays of pages and of seconds that OCR takes (0 for documents with text), in blocks."""
        random = np.random.default_rng([self.seed, stream])
        median, mean = self.costs.median_pages, self.costs.mean_pages
        spread = math.sqrt(2 * math.log(mean / median))
        for begin in range(0, count, BLOCK):
            size = min(BLOCK, count - begin)
            pages = np.clip(np.rint(random.lognormal(math.log(median), spread, size)), 1, MOST_PAGES)
            scanned = random.random(size) < self.ocr_share
            yield pages, np.where(scanned, pages * self.costs.ocr_page_ms / 1000, 0.0)

    def text_seconds(self, pages: Any) -> Any:
        """Return what documents cost without OCR."""
        return (self.costs.document_ms + pages * self.costs.page_ms) / 1000

    def pieces(self, count: int) -> Iterator[Piece]:
        """Cut documents as a pool of slices does: texts together, scans alone and in parts."""
        documents = pages_sum = 0
        seconds = 0.0
        number = 0
        for pages, ocr in self.draw(count):
            texts = self.text_seconds(pages)
            for page_count, text, scan in zip(pages.tolist(), texts.tolist(), ocr.tolist(), strict=True):
                number += 1
                if scan:
                    yield from self._parts(number, int(page_count), text, scan)
                    continue
                if documents and (documents == SLICE_DOCUMENTS or seconds + text > self.plan.slice_seconds):
                    yield Piece(documents, pages_sum, seconds)
                    documents, pages_sum, seconds = 0, 0, 0.0
                documents, pages_sum, seconds = documents + 1, pages_sum + int(page_count), seconds + text
        if documents:
            yield Piece(documents, pages_sum, seconds)

    def _parts(self, number: int, pages: int, text: float, scan: float) -> Iterator[Piece]:
        size = self.plan.part_pages
        parts = -(-pages // size)
        for part in range(parts):
            some = min(size, pages - part * size)
            own = scan * some / pages + (text if part == 0 else 0.0)
            yield Piece(1 if part == 0 else 0, some, own, number, parts)
