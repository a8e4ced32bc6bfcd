"""How much more is done with more workers?"""

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult
from benchmarks.workload import Item

COPIES = 8
SCANS = 16


def run(bench: Bench) -> CaseResult:
    """Run the case with one worker, two, four ... up to twice as many as there are cores."""
    digital, scans = bench.corpus.kind("born-digital"), bench.corpus.kind("scanned")
    digital = digital.sample(bench.number(len(digital.documents), 4))
    scans = scans.sample(1 if bench.small else SCANS)
    times = bench.rounds(COPIES)
    sets: dict[str, tuple[Item, ...]] = {
        "text": repeat_items(digital.documents, times, bench.folder / "scaling"),
        "OCR": document_items(scans.documents),
    }
    if bench.small:
        del sets["OCR"]
    counts = _counts(1 if bench.small else bench.cores)
    candidates = [
        library(_name(what, count), items, count, writes=True, ocr="auto")
        for what, items in sets.items()
        for count in counts
    ]
    entries = bench.measure(candidates)
    ratios = tuple(
        ratio(f"{_name(what, count)} / 1", find_entry(entries, _name(what, count)), find_entry(entries, _name(what, 1)))
        for what in sets
        for count in counts[1:]
    )
    setting = f"text: {digital.setting()}, {times} times; OCR: {scans.setting()}"
    return CaseResult(name=CASE.name, setting=setting, entries=entries, ratios=ratios)


def _counts(cores: int) -> list[int]:
    return [1 << power for power in range((2 * cores).bit_length()) if 1 << power <= 2 * cores]


def _name(what: str, count: int) -> str:
    return f"{what}: {count} worker{'s' * (count > 1)}"


CASE = Case(name="scaling", summary="One worker, two, four ...: how much more is done?", run=run)
