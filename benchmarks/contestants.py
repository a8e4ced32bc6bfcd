"""The contestants that several cases share."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.contest import Contestant, costs
from benchmarks.job import Item, Job, Setting
from benchmarks.shares import balanced, dearest_first

LIBRARY = "benchmarks.runners.library"
BARE_PDFIUM = "benchmarks.runners.bare_pdfium"
BARE_OCR = {"tesseract": "benchmarks.runners.bare_tesseract", "tesserocr": "benchmarks.runners.bare_tesserocr"}


def library(name: str, items: Sequence[Item], workers: int, *, writes: bool = False, **settings: Setting) -> Contestant:
    """pdfbatch; the settings are those of ``benchmarks.runners.library``."""
    job = Job(items=tuple(items), workers=workers, settings=settings)
    return Contestant(name=name, module=LIBRARY, job=job, writes=writes)


def bare_loops(
    module: str, items: Sequence[Item], workers: Sequence[int], seconds: Sequence[float]
) -> tuple[Contestant, ...]:
    """For each number of workers: loops over balanced shares, and loops over one queue, dearest items first.

    A fixed division suffers from what it could not know, a queue costs a lock for each item: the faster of the two is the
    limit.
    """
    ordered = tuple(items[number] for number in dearest_first(seconds))
    fixed = Job(items=tuple(items))
    return tuple(
        Contestant(name=f"{count} bare {_loops(count)}, {how}", module=module, job=replace(job, workers=count))
        for count in workers
        for how, job in (
            ("balanced shares", replace(fixed, shares=balanced(seconds, count))),
            ("one queue", Job(items=ordered)),
        )
    )


def item_seconds(module: str, items: Sequence[Item]) -> list[float]:
    """What each item costs a bare loop, from one run with one worker."""
    found = costs(Contestant(name=f"costs of {module}", module=module, job=Job(items=tuple(items))))
    return [found.get(item.id, 0.0) for item in items]


def _loops(count: int) -> str:
    return "loop" if count == 1 else "loops"
