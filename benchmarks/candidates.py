"""Candidates that several cases share."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.measurement import Candidate, measure_item_costs
from benchmarks.partition import order_by_cost, partition
from benchmarks.workload import Item, Setting, Workload

LIBRARY = "benchmarks.runners.library"
BARE_PDFIUM = "benchmarks.runners.bare_pdfium"
BARE_OCR = {"tesseract": "benchmarks.runners.bare_tesseract", "tesserocr": "benchmarks.runners.bare_tesserocr"}


def library(name: str, items: Sequence[Item], workers: int, *, writes: bool = False, **settings: Setting) -> Candidate:
    """Return pdfbatch as a candidate; ``benchmarks.runners.library`` lists the settings."""
    workload = Workload(items=tuple(items), workers=workers, settings=settings)
    return Candidate(name=name, module=LIBRARY, workload=workload, writes=writes)


def bare_loops(
    module: str, items: Sequence[Item], workers: Sequence[int], seconds: Sequence[float]
) -> tuple[Candidate, ...]:
    """Return two candidates for each number of workers: loops over balanced shares, and loops over one queue.

    A fixed division may be wrong about costs, and a queue takes a lock for each item: the faster of the two is the limit.
    """
    ordered = tuple(items[number] for number in order_by_cost(seconds))
    fixed = Workload(items=tuple(items))
    return tuple(
        Candidate(name=f"{count} bare {_loops(count)}, {how}", module=module, workload=replace(workload, workers=count))
        for count in workers
        for how, workload in (
            ("balanced shares", replace(fixed, shares=partition(seconds, count))),
            ("one queue", Workload(items=ordered)),
        )
    )


def measure_item_seconds(module: str, items: Sequence[Item]) -> list[float]:
    """Measure how long each item takes in a bare loop with one worker, in one run."""
    found = measure_item_costs(
        Candidate(name=f"costs of {module}", module=module, workload=Workload(items=tuple(items)))
    )
    return [found.get(item.id, 0.0) for item in items]


def _loops(count: int) -> str:
    return "loop" if count == 1 else "loops"
