"""Documents behind the latency and the faults of an object store, against the same documents on the disk."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.items import small_documents
from benchmarks.latency_proxy import latency_proxy
from benchmarks.measurement import Candidate, find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio, Run
from benchmarks.servers import cpu_seconds, fill_bucket, missing_for_s3, s3_server
from benchmarks.workload import Item, Setting, Workload
from pdfbatch.testing.servers import FaultProxy, RequestFaults

DOCUMENTS = 500
LATENCIES_MS = (50, 200)
GOALS = {50: 0.85}
LOCAL, FAULTY = "local files", "S3, 20 % of requests 503, 10 % reset"
PLAIN = "benchmarks.runners.plain_download"
FAULTS = RequestFaults(seed=1, slow_down=0.2, reset=0.1)
NOTE = (
    "server_cpu_s is the CPU of the S3 server and of the latency proxy during a run; a real server has cores of its own. "
    "'server's CPU taken out' shortens each run by that time divided by the number of cores. Times are those of the whole "
    "process; without the start and the end of the interpreter they are those of the batch, from the call to the last result, "
    "with the loading of the S3 client."
)


def run_latency(bench: Bench) -> CaseResult:
    """Run the case, with workers that each download what they read as a comparison (at one latency only: it takes long)."""
    if missing := missing_for_s3():
        return CaseResult(name=LATENCY.name, notes=(f"Not measured: {missing}.",))
    latencies = LATENCIES_MS[:1] if bench.small else LATENCIES_MS
    items, setting = _documents(bench)
    with ExitStack() as stack:
        server = stack.enter_context(s3_server(bench.folder / "server"))
        url = fill_bucket(server, items)
        candidates = [_library(bench, LOCAL, items)]
        for latency in latencies:
            line = stack.enter_context(latency_proxy(server.port, latency / 1000))
            around = partial(_count_server_cpu, (server.pid, line.pid))
            where: dict[str, Setting] = {"source_url": url, "source_port": line.port}
            remote = _library(bench, _ours(latency), (), **where)
            named_ones = _library(bench, _list(latency), items, **where)
            beside = [_plain(remote, items, latency)] if latency in GOALS and len(items) <= DOCUMENTS else []
            candidates += [replace(one, context=around) for one in (remote, named_ones, *beside)]
        entries = bench.measure(candidates)
    ratios = tuple(one for latency in latencies for one in _ratios(entries, latency, bench.cores, GOALS))
    return CaseResult(name=LATENCY.name, setting=setting, entries=entries, ratios=ratios, notes=(NOTE,))


def run_faults(bench: Bench) -> CaseResult:
    """Run the case through a proxy that answers 503 to some requests and resets others, by a fixed seed."""
    if missing := missing_for_s3():
        return CaseResult(name=FAULTS_CASE.name, notes=(f"Not measured: {missing}.",))
    items, setting = _documents(bench)
    with s3_server(bench.folder / "server") as server, FaultProxy(server.port, FAULTS) as proxy:
        url, port = fill_bucket(server, items), int(proxy.server_address[1])
        faulty = _library(bench, FAULTY, (), source_url=url, source_port=port)
        counted = replace(faulty, context=partial(_count_requests, proxy), inspect=_texts)
        entries = bench.measure([_library(bench, LOCAL, items), counted])
    runs = [run for run in find_entry(entries, FAULTY).runs if not run.error]
    lost = tuple(float(len(items) - run.facts["texts"]) for run in runs)
    twice = tuple(float(run.documents + run.failures - len(items)) for run in runs)
    return CaseResult(
        name=FAULTS_CASE.name,
        setting=setting,
        entries=entries,
        ratios=(
            Ratio(name="documents without a text in the output", values=lost, goal=0, at_most=True),
            Ratio(name="results beyond one a document", values=twice, goal=0, at_most=True),
        ),
    )


def run_output(bench: Bench) -> CaseResult:
    """Run the case: local documents with texts and records written to the object store, against a local folder."""
    if missing := missing_for_s3():
        return CaseResult(name=OUTPUT.name, notes=(f"Not measured: {missing}.",))
    latencies = LATENCIES_MS[:1] if bench.small else LATENCIES_MS
    items, setting = _documents(bench)
    with ExitStack() as stack:
        server = stack.enter_context(s3_server(bench.folder / "server"))
        url = fill_bucket(server, ())
        candidates = [_library(bench, LOCAL, items)]
        for latency in latencies:
            line = stack.enter_context(latency_proxy(server.port, latency / 1000))
            remote = _library(bench, _ours(latency), items, output_url=url, output_port=line.port)
            around = partial(_count_server_cpu, (server.pid, line.pid))
            candidates.append(replace(remote, writes=False, context=around))
        entries = bench.measure(candidates)
    ratios = tuple(one for latency in latencies for one in _ratios(entries, latency, bench.cores, goals={}))
    return CaseResult(name=OUTPUT.name, setting=setting, entries=entries, ratios=ratios, notes=(NOTE,))


def _documents(bench: Bench) -> tuple[tuple[Item, ...], str]:
    return small_documents(bench.corpus, bench.number(DOCUMENTS, 6), bench.folder / "small")


def _ours(latency: int) -> str:
    return f"S3, {latency} ms"


def _list(latency: int) -> str:
    return f"S3, a list of URLs, {latency} ms"


def _theirs(latency: int) -> str:
    return f"plain download in each worker, {latency} ms"


def _plain(remote: Candidate, items: tuple[Item, ...], latency: int) -> Candidate:
    workload = Workload(items=items, workers=remote.workload.workers, settings=remote.workload.settings)
    return Candidate(name=_theirs(latency), module=PLAIN, workload=workload, writes=True)


def _library(bench: Bench, name: str, items: tuple[Item, ...], **settings: Setting) -> Candidate:
    """Return pdfbatch without the search for duplicates, which has a case of its own."""
    return library(name, items, max(bench.workers), writes=True, deduplicate=False, **settings)


def _texts(output: Path) -> dict[str, float]:
    return {"texts": float(sum(1 for _ in output.rglob("*.txt")))}


@contextmanager
def _count_server_cpu(pids: Sequence[int]) -> Generator[dict[str, float]]:
    """Add the CPU that some processes use during a run to its facts."""
    facts: dict[str, float] = {}
    before = sum(map(cpu_seconds, pids))
    yield facts
    facts["server_cpu_s"] = sum(map(cpu_seconds, pids)) - before


@contextmanager
def _count_requests(proxy: FaultProxy) -> Generator[dict[str, float]]:
    """Add the number of requests during a run to its facts."""
    facts: dict[str, float] = {}
    before = len(proxy.requests)
    yield facts
    facts["requests"] = float(len(proxy.requests) - before)


def _ratios(entries: Sequence[Entry], latency: int, cores: int, goals: Mapping[int, float]) -> tuple[Ratio, ...]:
    local, ours = find_entry(entries, LOCAL), find_entry(entries, _ours(latency))
    others = [entry for entry in entries if entry.name in (_list(latency), _theirs(latency))]

    def without_server(run: Run) -> float:
        return 1 / (run.wall_seconds - run.facts.get("server_cpu_s", 0.0) / cores)

    def of_the_batch(run: Run) -> float:
        return 1 / (run.work_seconds - run.facts.get("server_cpu_s", 0.0) / cores)

    return (
        ratio(f"{ours.name} / {LOCAL}", ours, local, goal=goals.get(latency)),
        ratio(f"{ours.name} / {LOCAL}, server's CPU taken out", ours, local, what=without_server),
        ratio(
            f"{ours.name} / {LOCAL}, server's CPU, start and end of the interpreter too", ours, local, what=of_the_batch
        ),
        *(ratio(f"{one.name} / {LOCAL}", one, local) for one in others),
    )


LATENCY = Case(
    name="s3", summary="500 small documents behind 50 and 200 ms a request: do the cores wait?", run=run_latency
)
OUTPUT = Case(
    name="s3-output", summary="500 small documents whose texts go to S3: what does that cost?", run=run_output
)
FAULTS_CASE = Case(
    name="s3-faults", summary="500 documents behind 503s and resets: is any lost or done twice?", run=run_faults
)
