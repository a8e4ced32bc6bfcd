"""The pools of ``concurrent.futures`` as a good engineer uses them in ten minutes.

An exception costs only its own document; a crash or a hang costs others, too.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from benchmarks.workload import Item, Workload, WorkloadResult, save_text

Read = Callable[[Item], list[str]]
"""Return the text of each page of a document. It must be a module's function, so that it can be pickled."""

_ERRORS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """Result of one document."""

    id: str
    pages: int = 0
    seconds: float = 0.0
    error: str = ""


def read_in_pool(workload: Workload, read: Read, pool: Executor) -> WorkloadResult:
    """Read all documents in a pool, and write their texts if the workload has an output."""
    begun = time.monotonic()
    with pool:
        futures = {pool.submit(attempt, workload.output, read, item): item for item in workload.items}
        attempts = [_result(future, item) for future, item in futures.items()]
    return count_results(attempts, seconds=time.monotonic() - begun)


def attempt(output: str | None, read: Read, item: Item) -> Attempt:
    """Read one document; an exception becomes its failure."""
    begun = time.monotonic()
    try:
        texts = read(item)
        save_text(Workload(output=output), item, "\f".join(texts))
    except Exception as error:  # noqa: BLE001 (counted, whatever it is)
        return Attempt(item.id, seconds=time.monotonic() - begun, error=f"{item.id}: {type(error).__name__}: {error}")
    return Attempt(item.id, pages=len(texts), seconds=time.monotonic() - begun)


def count_results(attempts: list[Attempt], *, seconds: float) -> WorkloadResult:
    """Return the result of all documents."""
    errors = [one.error for one in attempts if one.error]
    return WorkloadResult(
        documents=len(attempts) - len(errors),
        pages=sum(one.pages for one in attempts),
        failures=len(errors),
        seconds=seconds,
        document_seconds={one.id: one.seconds for one in attempts if one.seconds},
        errors=errors[:_ERRORS_KEPT],
    )


def _result(future: "Future[Attempt]", item: Item) -> Attempt:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return Attempt(item.id, error=f"{item.id}: the pool broke: {error}")
