"""One long scan among many small documents: are all cores busy to the end?"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Ratio
from benchmarks.workload import Item
from pdfbatch.samples import letter, scanned_pdf, text_pdf
from pdfbatch.settings import Extraction

NEVER = 1_000_000
"""More pages in a part than any document has, so that no document is split."""


def run(bench: Bench) -> CaseResult:
    """Run the case: the scan first, last, and last without splitting."""
    pages, others, part = (2, 6, 1) if bench.small else (200, 200, Extraction().part_pages)
    scan, small = (
        _long_scan(bench.cache, pages, small=bench.small),
        list(_small_documents(bench.folder, others)),
    )
    count = max(bench.workers)
    candidates = [
        library("scan first", [scan, *small], count, writes=True, ocr="auto", part_pages=part),
        library("scan last", [*small, scan], count, writes=True, ocr="auto", part_pages=part),
        library("scan last, never split", [*small, scan], count, writes=True, ocr="auto", part_pages=NEVER),
    ]
    entries = bench.measure(candidates)
    idle = tuple(
        Ratio(
            name=f"idle share, {entry.name}",
            values=tuple(run.idle_share(min(count, bench.cores)) for run in entry.runs if not run.error),
            goal=None if "never" in entry.name else 0.05,
            at_most=True,
        )
        for entry in entries
    )
    gain = ratio("split / never split", find_entry(entries, "scan last"), find_entry(entries, "scan last, never split"))
    setting = f"one scan of {pages} pages among {others} letters, {count} workers"
    return CaseResult(name=CASE.name, setting=setting, entries=entries, ratios=(*idle, gain))


def _long_scan(cache: Path, pages: int, *, small: bool) -> Item:
    path = cache / f"scan-{pages}.pdf"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_scan(pages, lines=4, dpi=150) if small else _scan(pages, lines=60, dpi=200))
    return Item(id="scan", path=str(path))


def _scan(pages: int, *, lines: int, dpi: int) -> bytes:
    texts = [letter(number)[:lines] for number in range(pages)]
    return scanned_pdf(texts, dpi=dpi, skew_degrees=0.4)


def _small_documents(folder: Path, count: int) -> Iterator[Item]:
    for number in range(count):
        path = folder / f"letter-{number:04}.pdf"
        path.write_bytes(text_pdf([letter(number)]))
        yield Item(id=path.stem, path=str(path))


CASE = Case(
    name="split", summary="A scan of 200 pages among 200 letters: are all cores busy to the end?", run=run, heavy=True
)
