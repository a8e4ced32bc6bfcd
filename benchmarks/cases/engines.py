"""What do engines beyond one machine cost, beside the processes of one?"""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.bench import Bench, Case
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import Candidate, find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio, Run
from benchmarks.servers import missing_for_redis
from benchmarks.workload import Item, Setting, Workload
from pdfbatch.samples import tiny_pdf

MODULE = "benchmarks.runners.engines"
PROCESS, ENGINES = "process", ("dask", "ray", "celery")
COPIES, DIGITAL, SCANS, SCAN_PAGES, TINY = 5, 60, 6, 2, 10_000
GOALS = {"text": 0.8, "mixed": 0.9}
PATIENT = {"RAY_raylet_start_wait_time_s": "120"}  # 30 s are too few for Ray on a busy machine
NOTE = (
    "The cluster (scheduler and worker, Ray's servers, Redis and Celery's worker) is there before a run begins. "
    "batch_cpu_seconds is the CPU of the whole tree from the beginning of the batch to its last result: client, servers, "
    "workers. Ray's actors start with the batch, and their start is in it. celery: the tasks that pdfbatch ships, prefork."
)


def run(bench: Bench) -> CaseResult:
    """Run the case: the whole corpus as text."""
    return _measure(bench, CASE.name, {"text": _text(bench)})


def run_mixed(bench: Bench) -> CaseResult:
    """Run the case: born-digital documents with a few scans."""
    return _measure(bench, MIXED_CASE.name, {"mixed": _mixed(bench)})


def run_tiny(bench: Bench) -> CaseResult:
    """Run the case: very many tiny documents."""
    return _measure(bench, TINY_CASE.name, {"tiny": make_tiny(bench.number(TINY, 20), bench.folder / "tiny")})


def _measure(bench: Bench, name: str, sets: dict[str, tuple[Item, ...]]) -> CaseResult:
    candidates = [
        candidate(f"{what}: {engine}", items, max(bench.workers), engine=engine, ocr=_ocr(what, bench))
        for what, items in sets.items()
        for engine in (PROCESS, *ENGINES)
    ]
    entries = bench.measure(candidates)
    setting = "; ".join(f"{what}: {len(items):,} documents" for what, items in sets.items())
    ratios = tuple(one for what in sets for one in _ratios(what, entries))
    return CaseResult(name=name, setting=setting, entries=entries, ratios=ratios, notes=(NOTE,))


def candidate(name: str, items: Sequence[Item], workers: int, *, engine: str, **settings: Setting) -> Candidate:
    """Return the runner of engines as a candidate that writes to a folder."""
    workload = Workload(items=tuple(items), workers=workers, settings={"engine": engine, **settings})
    return Candidate(
        name=name,
        module=MODULE,
        workload=workload,
        writes=True,
        missing=missing_for_engine(engine),
        environment=PATIENT,
    )


def make_tiny(count: int, folder: Path) -> tuple[Item, ...]:
    """Make so many documents of one line."""
    folder.mkdir(parents=True)
    return tuple(_tiny_item(folder / f"tiny-{number}.pdf", number) for number in range(count))


def _text(bench: Bench) -> tuple[Item, ...]:
    corpus = bench.corpus.sample(bench.number(len(bench.corpus.documents), 4))
    return repeat_items(corpus.documents, bench.rounds(COPIES), bench.folder / "text")


def _mixed(bench: Bench) -> tuple[Item, ...]:
    """Return born-digital documents with a scan after every tenth, so that none waits for the end."""
    digital = bench.corpus.kind("born-digital").sample(4 if bench.small else DIGITAL)
    short = bench.corpus.kind("scanned").where(lambda one: one.pages <= SCAN_PAGES)
    scans = short.sample(0 if bench.small else SCANS)
    plain, long = document_items(digital.documents), document_items(scans.documents)
    step = max(1, len(plain) // max(1, len(long)))
    mixed: list[Item] = []
    for number, item in enumerate(plain):
        mixed.append(item)
        if number % step == step - 1 and number // step < len(long):
            mixed.append(long[number // step])
    return tuple(mixed)


def _ocr(what: str, bench: Bench) -> str:
    return "auto" if what == "mixed" and not bench.small else "never"


def _tiny_item(path: Path, number: int) -> Item:
    path.write_bytes(tiny_pdf(number))
    return Item(id=path.stem, path=str(path))


def missing_for_engine(engine: str) -> str:
    """Return what is not installed that an engine needs, empty when all is there."""
    modules = {"dask": "distributed", "ray": "ray", "celery": "celery"}
    if (module := modules.get(engine)) and find_spec(module) is None:
        return f"{module} is not installed (pip install 'pdfbatch[{engine}]')"
    return missing_for_redis() if engine == "celery" else ""


def _ratios(what: str, entries: Sequence[Entry]) -> Iterator[Ratio]:
    process = find_entry(entries, f"{what}: {PROCESS}")
    for engine in ENGINES:
        entry, goal = find_entry(entries, f"{what}: {engine}"), GOALS.get(what)
        yield ratio(f"{what}: CPU, process / {engine}", process, entry, what=_batch_cpu, goal=goal)
        yield ratio(f"{what}: time, process / {engine}", process, entry, what=_seconds, goal=goal)
    for engine in (PROCESS, *ENGINES):
        yield _facts(entries, f"{what}: {engine}", "not_counted_once", "documents not counted once", 0)
        if what == "tiny":
            growth = "growth of the client in MB after document 1,000"
            yield _facts(entries, f"{what}: {engine}", "client_growth_mb", growth, 10)


def _facts(entries: Sequence[Entry], name: str, fact: str, label: str, goal: float) -> Ratio:
    values = tuple(run.facts[fact] for run in find_entry(entries, name).runs if not run.error)
    return Ratio(name=f"{name}: {label}", values=values, goal=goal, at_most=True)


def _batch_cpu(run: Run) -> float:
    return run.facts["batch_cpu_seconds"]


def _seconds(run: Run) -> float:
    return run.work_seconds


CASE = Case(name="engines", summary="Dask, Ray and Celery against the processes of one machine", run=run, heavy=True)
MIXED_CASE = Case(name="engines-mixed", summary="The same with OCR on a few documents", run=run_mixed, heavy=True)
TINY_CASE = Case(
    name="engines-tiny", summary="10,000 tiny documents through Dask, Ray and Celery", run=run_tiny, heavy=True
)
