"""Bare loops in parallel: processes that each have a share of the items, or take them from one queue.

There is no isolation and no accounting. This module knows nothing of pdfbatch and does only what is needed to process items.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import Synchronized
from typing import Any, cast

from benchmarks.workload import Item, Workload, WorkloadResult

Step = Callable[[Item], int]
"""Process one item and return how many pages it had."""

_ERRORS_KEPT = 20


def run_loops(workload: Workload, make_step: Callable[[Workload], Step]) -> WorkloadResult:
    """Process the items with ``workload.workers`` processes; each of them calls ``make_step`` once."""
    begun = time.monotonic()
    if workload.workers == 1:
        result = _run_items(workload, iter(workload.items), make_step)
        return merge([result], seconds=time.monotonic() - begun)
    children = _start_forks(workload, make_step)
    results = [cast("WorkloadResult", pipe.recv()) for _, pipe in children]
    seconds = time.monotonic() - begun
    for process, _ in children:
        process.join()
    return merge(results, seconds=seconds)


def merge(results: list[WorkloadResult], *, seconds: float) -> WorkloadResult:
    """Merge the results of several workers."""
    document_seconds: dict[str, float] = {}
    for result in results:
        for name, value in result.document_seconds.items():
            document_seconds[name] = document_seconds.get(name, 0.0) + value
    return WorkloadResult(
        documents=sum(result.documents for result in results),
        pages=sum(result.pages for result in results),
        failures=sum(result.failures for result in results),
        seconds=seconds,
        document_seconds=document_seconds,
        errors=[error for result in results for error in result.errors][:_ERRORS_KEPT],
    )


def _start_forks(
    workload: Workload, make_step: Callable[[Workload], Step]
) -> "list[tuple[ForkProcess, Connection[Any, Any]]]":
    # A fork starts fastest, and these loops must be as fast as loops can be.
    context = multiprocessing.get_context("fork")
    turn = cast("Synchronized[int]", context.Value("q", 0))
    children: list[tuple[ForkProcess, Connection[Any, Any]]] = []
    for number in range(workload.workers):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_child, args=(workload, number, turn, theirs, make_step))
        process.start()
        theirs.close()
        children.append((process, ours))
    return children


def _child(
    workload: Workload,
    number: int,
    turn: "Synchronized[int]",
    pipe: "Connection[Any, Any]",
    make_step: Callable[[Workload], Step],
) -> None:
    items = (
        (workload.items[index] for index in workload.shares[number])
        if workload.shares
        else _take_from_queue(workload, turn)
    )
    pipe.send(_run_items(workload, items, make_step))


def _take_from_queue(workload: Workload, turn: "Synchronized[int]") -> Iterator[Item]:
    while True:
        with turn.get_lock():
            index = turn.value
            turn.value += 1
        if index >= len(workload.items):
            return
        yield workload.items[index]


def _run_items(workload: Workload, items: Iterator[Item], make_step: Callable[[Workload], Step]) -> WorkloadResult:
    step = make_step(workload)
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
    return WorkloadResult(
        documents=documents, pages=pages, failures=len(errors), document_seconds=seconds, errors=errors[:_ERRORS_KEPT]
    )
