"""All simulated batches: both roads, text and a mix with scans, 1 to 10,000 workers. The results are tables of a case."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks.results import CaseResult, Table
from benchmarks.simulation.calibration import Calibration
from benchmarks.simulation.ceilings import (
    CLIENT,
    CORES,
    READS,
    SERVERS,
    WRITES,
    Limits,
    engine_ceilings,
    shard_ceilings,
)
from benchmarks.simulation.documents import Load
from benchmarks.simulation.engine_road import simulate_engine
from benchmarks.simulation.outcome import Outcome, smallest
from benchmarks.simulation.plan import Plan, assumptions
from benchmarks.simulation.shards_road import simulate_shards
from pdfbatch.executors import available_cpus

NAME = "simulation"
WORKERS = (1, 4, 16, 64, 256, 1024, 4096, 10_000)
ENGINES = {"Dask": "dask", "Ray": "ray", "Celery": "celery"}
SHARDS = {"shards": False, "shards, packs": True}
ROADS = (*ENGINES, *SHARDS)
SIMULATED_SHARDS = 2  # for each machine
FEW = 64  # workers
DOCUMENTS = {"text": (30_000, 30), "mixed": (10_000, 20)}
"""How many documents are simulated for an engine: at least, and for each worker."""

KEYS_A_LIST, SHARDS_OF_AN_OUTPUT = 1_000, 1_000
CURVES = (
    "load",
    "road",
    "workers",
    "documents",
    "docs/s",
    "M pages/h",
    "limit",
    "tail s",
    "lost",
    "$ CPU",
    "$ requests",
)
_WAITS = {CORES: "the cores", CLIENT: "the client", SERVERS: "its servers", READS: "GET", WRITES: "PUT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One simulated batch. Dollars are for a million pages."""

    load: str
    road: str
    workers: int
    documents: int
    documents_per_second: float
    limit: str
    tail_seconds: float
    losses: int
    cpu_dollars: float
    request_dollars: float

    def row(self, mean_pages: float) -> tuple[str, ...]:
        """Return it as a row of the table of curves."""
        pages = self.documents_per_second * mean_pages * 3600 / 1e6
        dollars = (f"{self.cpu_dollars:.3g}", f"{self.request_dollars:.3g}")
        figures = (f"{self.documents_per_second:.4g}", f"{pages:.4g}", self.limit, f"{self.tail_seconds:.0f}")
        return (self.load, self.road, str(self.workers), str(self.documents), *figures, str(self.losses), *dollars)


def study(costs: Calibration, plan: Plan, *, seed: int, say: Callable[[str], None], most: int = 10_000) -> CaseResult:
    """Simulate everything up to ``most`` workers."""
    loads = {
        "text": Load(plan=plan, costs=costs, ocr_share=0.0, seed=seed),
        "mixed": Load(plan=plan, costs=costs, ocr_share=costs.ocr_share, seed=seed),
    }
    counts = [workers for workers in WORKERS if workers <= most]
    jobs = [_Job(name, load, road, workers) for name, load in loads.items() for road in ROADS for workers in counts]
    points: list[Point] = []
    for point in _simulate(jobs):
        say(f"  {point.load}, {point.road}, {point.workers:,} workers: {point.documents_per_second:,.1f} documents/s")
        points.append(point)
    tables = (
        Table(title="curves", header=CURVES, rows=tuple(one.row(costs.mean_pages) for one in points)),
        _ceilings_table(loads),
        _books_table(costs, plan),
        _measured_table(costs),
        Table(title="assumed", header=("assumed", "value", "source"), rows=tuple(assumptions(plan))),
    )
    return CaseResult(name=NAME, setting=f"seed {seed}", tables=tables)


def _simulate(jobs: Sequence["_Job"]) -> Iterator[Point]:
    """Simulate on all cores. A few small batches are not worth the start of processes."""
    if jobs[-1].workers <= FEW:
        yield from map(_do, jobs)
        return
    with ProcessPoolExecutor(available_cpus()) as pool:
        yield from pool.map(_do, jobs)


def _do(job: "_Job") -> Point:
    return job.do()


@dataclass(frozen=True, slots=True)
class _Job:
    """One batch to simulate: documents of a kind, a road, so many workers."""

    name: str
    load: Load
    road: str
    workers: int

    def do(self) -> Point:
        """Simulate it."""
        return self._do_engine(ENGINES[self.road]) if self.road in ENGINES else self._do_shards(SHARDS[self.road])

    def _do_engine(self, engine_name: str) -> Point:
        load, limits, (least, each) = self.load, Limits.of(self.load), DOCUMENTS[self.name]
        engine, documents = load.costs.engines[engine_name], min(load.plan.documents, max(least, each * self.workers))
        outcome = simulate_engine(load, engine, limits, workers=self.workers, documents=documents)
        ceiling = smallest(engine_ceilings(load, engine, limits, self.workers))
        return self._point(outcome, ceiling[0], load.costs.engine_reads, load.costs.writes)

    def _do_shards(self, is_packed: bool) -> Point:
        load, limits, workers = self.load, Limits.of(self.load), self.workers
        machines = max(1, workers // load.plan.machine_cores)
        documents = machines * SIMULATED_SHARDS * load.shard_documents(workers)
        outcome = simulate_shards(load, limits, workers=workers, documents=documents, is_packed=is_packed)
        ceiling = smallest(shard_ceilings(load, limits, workers, is_packed=is_packed))
        return self._point(outcome, ceiling[0], load.costs.reads, 0.0 if is_packed else load.costs.writes)

    def _point(self, outcome: Outcome, limit: str, reads: float, writes: float) -> Point:
        plan, speed = self.load.plan, outcome.documents_per_second(self.load.mean_seconds)
        per_million = 1e6 / self.load.costs.mean_pages
        return Point(
            load=self.name,
            road=self.road,
            workers=outcome.workers,
            documents=outcome.documents,
            documents_per_second=speed,
            limit=_WAITS[limit],
            tail_seconds=outcome.tail_seconds,
            losses=outcome.losses,
            cpu_dollars=outcome.workers / speed / 3600 * plan.core_hour * per_million,
            request_dollars=(writes * plan.million_writes + reads * plan.million_reads) / 1e6 * per_million,
        )


def _ceilings_table(loads: dict[str, Load]) -> Table:
    """Return what each part can do, and how many workers use it up."""
    rows = [
        _ceiling_row(f"{road}: {_WAITS[part]}", part, loads, engine_name)
        for road, engine_name in ENGINES.items()
        for part in (CLIENT, SERVERS)
    ]
    rows += [_ceiling_row(f"object store, {part}", part, loads, "dask") for part in (READS, WRITES)]
    header = ("ceiling", "documents/s", "workers, text", "workers, mixed")
    return Table(title="ceilings", header=header, rows=tuple(rows))


def _ceiling_row(label: str, part: str, loads: dict[str, Load], engine_name: str) -> tuple[str, ...]:
    cells: list[str] = []
    speed = 0.0
    for load in loads.values():
        found = dict(engine_ceilings(load, load.costs.engines[engine_name], Limits.of(load), 1))
        speed = found[part]
        cells.append(f"{speed / found[CORES]:,.0f}" if speed < float("inf") else "never")
    return (label, f"{speed:,.0f}" if speed < float("inf") else "none", *cells)


def _books_table(costs: Calibration, plan: Plan) -> Table:
    """Return what knowing all documents of an output costs, by the number of its documents."""
    rows = [_books_row(costs, plan, count) for count in (plan.output_documents, plan.documents)]
    header = (
        "documents of an output",
        "index",
        "to find all finished",
        "a shard looks through",
        "LIST by 1,000 shards",
    )
    return Table(title="books", header=header, rows=tuple(rows))


def _books_row(costs: Calibration, plan: Plan, count: int) -> tuple[str, ...]:
    lists = count / KEYS_A_LIST * SHARDS_OF_AN_OUTPUT * plan.million_writes / 1e6
    return (
        f"{count:,}",
        f"{costs.index_bytes * count / 1e9:,.2f} GB",
        f"{costs.resume_ms * count / 60_000:,.0f} min of CPU",
        f"{costs.passed_ms * count / 1000:,.0f} s",
        f"${lists:,.0f}",
    )


def _measured_table(costs: Calibration) -> Table:
    rows: list[tuple[str, str]] = [
        (
            "worker, a page of text, with its share of the document",
            f"{costs.page_ms + costs.document_ms / costs.mean_pages:.2f} ms",
        ),
        ("worker, an OCR page", f"{costs.ocr_page_ms / 1000:.2f} s"),
        ("parent, a document: files; from S3 to S3", f"{costs.parent_ms:.2f}; {costs.s3_parent_ms:.2f} ms"),
        ("parent, more for a page of a packed output", f"{costs.packs_page_ms:.2f} ms"),
        *(
            (f"{road}, a document: client; servers; more in workers", _engine_cell(costs, name))
            for road, name in ENGINES.items()
        ),
        ("Redis commands a document, within scripts too", f"{costs.redis_commands:.0f}"),
        (
            "GET a document: by a parent; by workers; PUT",
            f"{costs.reads:.1f}; {costs.engine_reads:.1f}; {costs.writes:.1f}",
        ),
        ("index, a document: bytes; CPU to find it finished", f"{costs.index_bytes:.0f}; {costs.resume_ms:.2f} ms"),
        ("shard, a document of another shard", f"{costs.passed_ms * 1000:.0f} µs"),
        ("pages a document, median and mean; OCR pages", _pages_cell(costs)),
    ]
    return Table(title="measured", header=("measured, CPU", "value"), rows=tuple(rows))


def _engine_cell(costs: Calibration, name: str) -> str:
    engine = costs.engines[name]
    return f"{engine.client_ms:.2f}; {engine.servers_ms:.2f}; {engine.worker_ms:.2f} ms"


def _pages_cell(costs: Calibration) -> str:
    return f"{costs.median_pages:.0f} and {costs.mean_pages:.1f}; {costs.ocr_share:.0%}".replace("%", " %")
