"""Run pdfbatch on an engine that is started here: process workers, Dask, Ray, or the Celery tasks.

Settings: ``engine``, ``ocr``, ``layout`` of the output, ``source_url`` with ``source_port`` and ``output_url`` with
``output_port`` (prefixes on an S3 server of this host). The cluster is there before anything is measured. CPU is read as the
last result comes, while all processes still run, so that none is lost to accounting.
"""

import json
import os
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from benchmarks.process_tree import TreeReading, read_tree
from benchmarks.runners.overhead import resident_bytes
from benchmarks.workload import Workload, WorkloadResult, run
from pdfbatch import BatchProcessor, Document, DocumentResult, Extraction, Storage
from pdfbatch.executors import ProcessExecutor
from pdfbatch.ports import Executor
from pdfbatch.settings import OcrMode
from pdfbatch.testing.probes import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
SETTLED = 1000
SERVERS = ("dask_scheduler", "redis-server", "valkey-server", "gcs_server", "raylet/raylet")


def process(workload: Workload) -> WorkloadResult:
    """Run the workload's documents on the engine."""
    with ExitStack() as stack:
        if workload.settings["engine"] == "celery":
            return _process_by_tasks(workload, stack)
        return _process_by_executor(workload, _make_executor(workload, stack))


def _process_by_executor(workload: Workload, executor: Executor) -> WorkloadResult:
    batch = BatchProcessor(
        executor=executor, storage=_make_storage(workload), extraction=_extraction(workload), deduplicate=False
    )
    meter = _Meter(len(workload.items))
    pages = ocr_pages = failures = documents = 0
    for result in meter.watch(batch.stream(_documents(workload))):
        documents += 1
        pages += result.counts.pages
        ocr_pages += result.counts.ocr_pages
        failures += not result.ok
    return meter.make_result(documents, pages, failures, {"ocr_pages": ocr_pages})


def _process_by_tasks(workload: Workload, stack: ExitStack) -> WorkloadResult:
    from pdfbatch.celery import process_pdf_batch

    redis = _start_celery(workload, stack)
    entries = [{"document_uuid": item.id, "file_path": item.path} for item in workload.items]
    # Memory is read as with the others: what is loaded once is loaded after the first thousand documents.
    first, later = (
        entries[: SETTLED if len(entries) > SETTLED else 0],
        entries[SETTLED if len(entries) > SETTLED else 0 :],
    )
    meter = _Meter(len(entries))
    commands = _count_commands(redis)
    values: list[dict[str, Any]] = []
    for part in (first, later):
        if part:
            values.append(process_pdf_batch.apply_async(args=[part, 4 * workload.workers]).get(interval=0.05))
            meter.mark()
    meter.end()
    facts = {
        "ocr_pages": float(sum(value.get("ocr_pages", 0) for value in values)),
        "redis_commands_per_document": (_count_commands(redis) - commands) / len(entries),
    }
    total, failed = (sum(int(value[key]) for value in values) for key in ("total_documents", "failed"))
    return meter.make_result(total, sum(int(value.get("pages", 0)) for value in values), failed, facts)


class _Meter:
    """Reads CPU and memory while results come."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._begun, self._before = time.monotonic(), read_tree(SERVERS)
        self._seconds = 0.0
        self._used = TreeReading(tree=0.0, client=0.0, servers=0.0)
        self._memory = list[int]()

    def watch(self, results: Iterator[DocumentResult]) -> Iterator[DocumentResult]:
        """Pass results on, and read at the thousandth and at the last."""
        for number, result in enumerate(results, 1):
            if number in (SETTLED, self._total):
                self.mark()
            if number == self._total:
                self.end()
            yield result

    def mark(self) -> None:
        """Read the memory."""
        self._memory.append(resident_bytes())

    def end(self) -> None:
        """Read time and CPU."""
        self._seconds = time.monotonic() - self._begun
        self._used = read_tree(SERVERS).since(self._before)

    def make_result(self, documents: int, pages: int, failures: int, facts: dict[str, float]) -> WorkloadResult:
        """Return what was read, for each document."""
        each = 1000 / max(1, self._total)
        return WorkloadResult(
            documents=documents - failures,
            pages=pages,
            failures=failures,
            seconds=self._seconds,
            facts={
                "batch_cpu_seconds": self._used.tree,
                "client_ms_per_document": self._used.client * each,
                "servers_ms_per_document": self._used.servers * each,
                "workers_ms_per_document": (self._used.tree - self._used.client - self._used.servers) * each,
                "client_growth_mb": (self._memory[-1] - self._memory[0]) / 1e6,
                "not_counted_once": abs(documents - self._total),
                **facts,
            },
        )


def _extraction(workload: Workload) -> Extraction:
    return Extraction(ocr=_ocr(workload), languages="eng")


def _ocr(workload: Workload) -> OcrMode:
    return cast("OcrMode", workload.settings.get("ocr", "never"))


def _documents(workload: Workload) -> Iterator[Document]:
    if "source_url" in workload.settings:
        from pdfbatch.inputs import documents_from

        yield from documents_from((str(workload.settings["source_url"]), _s3_options(workload, "source_port")))
        return
    for item in workload.items:
        yield Document(item.path, item.id)


def _make_storage(workload: Workload) -> Storage | None:
    if "output_url" in workload.settings:
        url = f"{workload.settings['output_url']}{os.getpid()}/"  # a prefix for each run
        return Storage(url, _s3_options(workload, "output_port"))
    layout: Any = workload.settings.get("layout") or "files"
    return None if workload.output is None else Storage(workload.output, layout=layout)


def _s3_options(workload: Workload, port: str) -> dict[str, object]:
    from pdfbatch.testing.servers import s3_options

    return s3_options(int(workload.settings[port] or 0))


# --- engines -----------------------------------------------------------------------------------------------------------


def _make_executor(workload: Workload, stack: ExitStack) -> Executor:
    match workload.settings["engine"]:
        case "process":
            return ProcessExecutor(workers=workload.workers)
        case "dask":
            from pdfbatch.executors import DaskExecutor

            return DaskExecutor(stack.enter_context(_run_dask(workload.workers)))
        case "ray":
            from pdfbatch.executors import RayExecutor

            stack.enter_context(_run_ray(workload.workers))
            return RayExecutor(workers=workload.workers)
        case other:
            raise ValueError(f"no engine is called {other!r}")


@contextmanager
def _run_dask(workers: int) -> Generator[Any]:
    """Run a scheduler, and a worker with so many threads; give a client."""
    from pdfbatch.executors.local_programs import LocalProgram

    client: Any = import_module("distributed").Client
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-dask-")))
        place, here = folder / "scheduler.json", {"PYTHONPATH": str(REPOSITORY)}
        usual = ("--no-dashboard", "--scheduler-file", str(place), "--host", "127.0.0.1")
        stack.enter_context(LocalProgram("distributed.cli.dask_scheduler", ["--port", "0", *usual], here))
        if not wait_until(place.exists):
            raise RuntimeError("the scheduler does not start")
        alone = ("--no-nanny", "--nthreads", str(workers), "--memory-limit", "0", "--local-directory", str(folder))
        stack.enter_context(LocalProgram("distributed.cli.dask_worker", [*alone, *usual], here))
        address = json.loads(place.read_text("utf-8"))["address"]
        connected = stack.enter_context(client(address, set_as_default=False))
        connected.wait_for_workers(1, timeout=60)
        yield connected


@contextmanager
def _run_ray(workers: int) -> Generator[None]:
    ray: Any = import_module("ray")
    ray.init(address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


def _start_celery(workload: Workload, stack: ExitStack) -> Any:
    """Start Redis and a prefork worker; return the server."""
    from benchmarks.runners.celery_app import VARIABLE, make_application
    from pdfbatch.testing.servers import CeleryWorker, RedisServer

    folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-celery-")))
    redis = stack.enter_context(RedisServer(folder))
    redis.start()
    settings: dict[str, Any] = {"url": redis.url, "output": str(workload.output), "ocr": _ocr(workload)}
    app = make_application(settings)
    stack.callback(app.close)
    worker = CeleryWorker(
        app,
        "benchmarks.runners.celery_app:app",
        folder,
        concurrency=workload.workers,
        paths=[str(REPOSITORY)],
        environment={VARIABLE: json.dumps(settings)},
    )
    stack.enter_context(worker)
    return redis


def _count_commands(redis: Any) -> int:
    with redis.client() as client:
        return int(client.info("stats")["total_commands_processed"])


ENGINES: tuple[str, ...] = ("process", "dask", "ray", "celery")

if __name__ == "__main__":
    # Imported under its own name, so that workers find what is of this module.
    from benchmarks.runners.engines import process as _process

    run(_process)
