"""Plain loops side by side: n processes, each over its share or all over one queue. No isolation, no book-keeping.

Knows nothing of pdfbatch and, like the loops it runs, does nothing that is not needed to go through the items.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Any, cast

from benchmarks.job import Item, Job, Outcome

Step = Callable[[Item], int]
"""Does one item; returns how many pages it had."""

_ERRORS_KEPT = 20


def side_by_side(job: Job, make_step: Callable[[Job], Step]) -> Outcome:
    """Go through a job's items with ``job.workers`` processes; ``make_step`` is called once in each of them."""
    begun = time.monotonic()
    outcomes = [_went_through(job, iter(job.items), make_step)] if job.workers == 1 else _forked(job, make_step)
    return merged(outcomes, seconds=time.monotonic() - begun)


def merged(outcomes: list[Outcome], *, seconds: float) -> Outcome:
    """The outcomes of several workers as one."""
    document_seconds: dict[str, float] = {}
    for outcome in outcomes:
        for name, value in outcome.document_seconds.items():
            document_seconds[name] = document_seconds.get(name, 0.0) + value
    return Outcome(
        documents=sum(outcome.documents for outcome in outcomes),
        pages=sum(outcome.pages for outcome in outcomes),
        failures=sum(outcome.failures for outcome in outcomes),
        seconds=seconds,
        document_seconds=document_seconds,
        errors=[error for outcome in outcomes for error in outcome.errors][:_ERRORS_KEPT],
    )


def _forked(job: Job, make_step: Callable[[Job], Step]) -> list[Outcome]:
    # Forked, because that starts fastest, and the loops are to be as fast as loops can be.
    context = multiprocessing.get_context("fork")
    turn = cast("Synchronized[int]", context.Value("q", 0))
    pipes: list[Connection[Any, Any]] = []
    for number in range(job.workers):
        ours, theirs = context.Pipe(duplex=False)
        context.Process(target=_child, args=(job, number, turn, theirs, make_step)).start()
        theirs.close()
        pipes.append(ours)
    return [cast("Outcome", pipe.recv()) for pipe in pipes]


def _child(
    job: Job,
    number: int,
    turn: "Synchronized[int]",
    pipe: "Connection[Any, Any]",
    make_step: Callable[[Job], Step],
) -> None:
    items = (job.items[index] for index in job.shares[number]) if job.shares else _queued(job, turn)
    pipe.send(_went_through(job, items, make_step))


def _queued(job: Job, turn: "Synchronized[int]") -> Iterator[Item]:
    while True:
        with turn.get_lock():
            index = turn.value
            turn.value += 1
        if index >= len(job.items):
            return
        yield job.items[index]


def _went_through(job: Job, items: Iterator[Item], make_step: Callable[[Job], Step]) -> Outcome:
    step = make_step(job)
    pages = documents = 0
    seconds: dict[str, float] = {}
    errors: list[str] = []
    for item in items:
        begun = time.monotonic()
        try:
            pages += step(item)
            documents += 1
        except Exception as error:  # noqa: BLE001 (a loop's failure is counted, whatever it is)
            errors.append(f"{item.id}: {type(error).__name__}: {error}")
        seconds[item.id] = time.monotonic() - begun
    return Outcome(
        documents=documents, pages=pages, failures=len(errors), document_seconds=seconds, errors=errors[:_ERRORS_KEPT]
    )
