"""The pools of ``concurrent.futures`` as a good engineer uses them in ten minutes: no document takes another with it by an
exception; a crash or a hang does.
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from benchmarks.job import Item, Job, Outcome, save_text

Read = Callable[[Item], list[str]]
"""The text of each page of a document. A function of a module, so that it can be pickled."""

_ERRORS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one document."""

    id: str
    pages: int = 0
    seconds: float = 0.0
    error: str = ""


def pooled(job: Job, read: Read, pool: Executor) -> Outcome:
    """Read all documents on a pool, and write their texts where the job has an output."""
    begun = time.monotonic()
    with pool:
        futures = {pool.submit(attempt, job.output, read, item): item for item in job.items}
        attempts = [_result(future, item) for future, item in futures.items()]
    return tallied(attempts, seconds=time.monotonic() - begun)


def attempt(output: str | None, read: Read, item: Item) -> Attempt:
    """Read one document; whatever it raises is its own failure."""
    begun = time.monotonic()
    try:
        texts = read(item)
        save_text(Job(output=output), item, "\f".join(texts))
    except Exception as error:  # noqa: BLE001 (counted, whatever it is)
        return Attempt(item.id, seconds=time.monotonic() - begun, error=f"{item.id}: {type(error).__name__}: {error}")
    return Attempt(item.id, pages=len(texts), seconds=time.monotonic() - begun)


def tallied(attempts: list[Attempt], *, seconds: float) -> Outcome:
    """What came of all documents."""
    errors = [one.error for one in attempts if one.error]
    return Outcome(
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
