"""The whole corpus, text and scans together, as a user would run it."""

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.items import document_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Ratio
from benchmarks.synthetic import write_broken
from benchmarks.workload import Item

GOAL_IDLE = 0.05


def run(bench: Bench) -> CaseResult:
    """Run the case."""
    corpus = bench.corpus.sample(bench.number(len(bench.corpus.documents), 6))
    broken = [Item(id=f"broken-{path.stem}", path=str(path)) for path in write_broken(bench.folder)]
    items = (*document_items(corpus.documents), *broken)
    engines = ("tesseract",) if bench.small else ("tesseract", "tesserocr")
    candidates = [
        library(_name(engine, count), items, count, writes=True, ocr="auto", ocr_engine=engine)
        for engine in engines
        for count in bench.workers
    ]
    entries = bench.measure(candidates)
    idle = tuple(
        Ratio(
            name=f"idle share, {entry.name}",
            values=tuple(run.idle_share(min(entry.workers, bench.cores)) for run in entry.runs if not run.error),
            goal=GOAL_IDLE,
            at_most=True,
        )
        for entry in entries
    )
    first, last = min(bench.workers), max(bench.workers)
    scaling = tuple(
        ratio(
            f"{engine}: {last} workers / {first}",
            find_entry(entries, _name(engine, last)),
            find_entry(entries, _name(engine, first)),
        )
        for engine in engines
        if first != last
    )
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}; and {len(broken)} that nobody can read",
        entries=entries,
        ratios=(*idle, *scaling),
    )


def _name(engine: str, count: int) -> str:
    return f"{engine}, {count} worker{'s' * (count > 1)}"


CASE = Case(
    name="mixed", summary="The whole corpus: how many documents an hour, how busy are the cores?", run=run, heavy=True
)
