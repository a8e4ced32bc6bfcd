"""What does each step of a batch cost? The simulation of scale reads these figures."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from benchmarks.bench import Bench, Case
from benchmarks.cases.engines import candidate, make_tiny, missing_for_engine
from benchmarks.items import document_items, repeat_items, small_documents
from benchmarks.measurement import Candidate
from benchmarks.results import CaseResult, Entry
from benchmarks.servers import fill_bucket, missing_for_s3, s3_server
from benchmarks.workload import Item, Workload
from pdfbatch.testing.servers import FaultProxy, RequestFaults

TEXT, OCR, FILES, PACKS, S3, S3_ENGINE = "text", "OCR", "files", "packs", "S3", "S3, workers download"
BOOKS = {FILES: "bookkeeping, files", PACKS: "bookkeeping, packs"}
ROUNDS, SCANS, SCAN_PAGES, TINY, REMOTE = 5, 6, 2, 10_000, 500
NOTE = (
    "client_ms_per_document and workers_ms_per_document are CPU. index_bytes_per_document: what the output's index takes. "
    "resume_ms_per_document: CPU to find that a document is finished. passed_ms_per_document: CPU to see that a document is "
    "another shard's, without the listing."
)


def run(bench: Bench) -> CaseResult:
    """Run the case."""
    digital = bench.corpus.kind("born-digital")
    digital = digital.sample(bench.number(len(digital.documents), 4))
    text = repeat_items(digital.documents, bench.rounds(ROUNDS), bench.folder / "text")
    tiny = make_tiny(bench.number(TINY, 20), bench.folder / "tiny")
    process = partial(candidate, workers=max(bench.workers), engine="process")
    candidates = [
        process(TEXT, text),
        process(FILES, tiny),
        process(PACKS, text, layout="jsonl"),
        *_scans(bench, process),
        *(_bookkeeping(name, tiny, layout) for layout, name in (("files", BOOKS[FILES]), ("jsonl", BOOKS[PACKS]))),
    ]
    entries = (*bench.measure(candidates), *_remote(bench, process))
    facts = bench.corpus.describe()
    setting = f"text: {digital.setting()}; {len(tiny):,} documents of one line; corpus: mean {_mean(bench):.1f} pages"
    return CaseResult(
        name=CASE.name, setting=f"{setting}, median {facts['median_pages']}", entries=entries, notes=(NOTE,)
    )


def _mean(bench: Bench) -> float:
    return bench.corpus.pages / max(1, len(bench.corpus.documents))


def _scans(bench: Bench, process: "partial[Candidate]") -> list[Candidate]:
    short = bench.corpus.kind("scanned").where(lambda one: one.pages <= SCAN_PAGES).sample(SCANS)
    return [] if bench.small else [process(OCR, document_items(short.documents), ocr="always")]


def _bookkeeping(name: str, items: Sequence[Item], layout: str) -> Candidate:
    workload = Workload(items=tuple(items), workers=1, settings={"layout": layout, "deduplicate": False})
    return Candidate(name=name, module="benchmarks.runners.bookkeeping", workload=workload, writes=True)


def _remote(bench: Bench, process: "partial[Candidate]") -> tuple[Entry, ...]:
    """Measure documents from S3 to S3, and count the requests."""
    if missing_for_s3():
        return ()
    items, _ = small_documents(bench.corpus, bench.number(REMOTE, 6), bench.folder / "small")
    with s3_server(bench.folder / "server") as server, FaultProxy(server.port, RequestFaults()) as proxy:
        url, port = fill_bucket(server, items), int(proxy.server_address[1])
        remote = process(
            S3, items, source_url=url, source_port=port, output_url=url.rstrip("/") + "-out/", output_port=port
        )
        server.filesystem().mkdir(f"{url.rstrip('/')}-out")
        context = partial(_count_requests, proxy, len(items))
        settings = {**remote.workload.settings, "engine": "dask"}
        elsewhere = replace(
            remote,
            name=S3_ENGINE,
            workload=replace(remote.workload, settings=settings),
            missing=missing_for_engine("dask"),
        )
        return bench.measure([replace(one, writes=False, context=context) for one in (remote, elsewhere)])


@contextmanager
def _count_requests(proxy: FaultProxy, documents: int) -> Generator[dict[str, float]]:
    """Add the requests of each kind, for a document, to the facts of a run."""
    facts: dict[str, float] = {}
    before = len(proxy.requests)
    yield facts
    seen = proxy.requests[before:]
    reads = sum(method in ("GET", "HEAD") and "list-type" not in path for method, path in seen)
    facts["reads_per_document"] = reads / documents
    facts["writes_per_document"] = sum(method in ("PUT", "POST") for method, _ in seen) / documents


CASE = Case(name="calibration", summary="What does each step cost? The simulation of scale reads it", run=run)
