"""Three documents in ten are copies: how much time does reading each only once save?"""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.corpus import Corpus
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import find_entry, ratio
from benchmarks.results import CaseResult, Entry, Ratio
from benchmarks.workload import Item

SHARE = 0.3
TIMES = 7
"""Rounds of the text before copies are added: copies of three more rounds make 30 % of the documents and of the work."""

SCANS = 28
GOAL = 1.35
ONCE, ALL = "read once", "every one read"
NOTE = "With 30 % of the work in copies, no more than 1 / 0.7 = 1.43 can be gained."


def run(bench: Bench) -> CaseResult:
    """Run the case: the same documents with and without the search for duplicates. Copies stand at random places."""
    digital = bench.corpus.kind("born-digital")
    digital = digital.sample(bench.number(len(digital.documents), 7))
    scans = _alike(bench.corpus.kind("scanned")).sample(2 if bench.small else SCANS)
    times = bench.rounds(TIMES)
    text = repeat_items(digital.documents, times, bench.folder / "text")
    sets = {
        "text": _with_copies(text, bench.folder / "copies-of-text"),
        "scans": _with_copies(document_items(scans.documents), bench.folder / "copies-of-scans"),
    }
    if bench.small:
        del sets["scans"]
    count = max(bench.workers)
    entries = bench.measure(
        [
            library(f"{what}: {how}", items, count, writes=True, ocr="auto", deduplicate=how == ONCE)
            for what, items in sets.items()
            for how in (ALL, ONCE)
        ]
    )
    return CaseResult(
        name=CASE.name,
        setting=f"text: {digital.setting()}, {times} times; scans: {scans.setting()}; and copies, until they are {SHARE:.0%}",
        entries=entries,
        ratios=tuple(_gain(entries, what) for what in sets),
        notes=(NOTE,),
    )


def _with_copies(items: Sequence[Item], folder: Path) -> tuple[Item, ...]:
    """Add copies of the first documents under other names, and shuffle all with a fixed seed."""
    folder.mkdir()
    number = max(1, round(len(items) * SHARE / (1 - SHARE)))
    whole = [*items, *(_copy(item, folder) for item in items[:number])]
    random.Random(1).shuffle(whole)
    return tuple(whole)


def _copy(item: Item, folder: Path) -> Item:
    target = folder / f"{item.id}-again.pdf"
    copyfile(item.path, target)
    return replace(item, id=target.stem, path=str(target))


def _alike(scans: Corpus) -> Corpus:
    """Return scans of one page, so that 30 % of the documents are 30 % of the work; all scans if there are too few."""
    single = scans.where(lambda document: document.pages == 1)
    return single if len(single.documents) >= SCANS // 2 else scans


def _gain(entries: Sequence[Entry], what: str) -> Ratio:
    once, every = find_entry(entries, f"{what}: {ONCE}"), find_entry(entries, f"{what}: {ALL}")
    return ratio(f"{once.name} / {every.name}", once, every, goal=GOAL)


CASE = Case(name="duplicates", summary="With 30 % duplicates: what is gained by reading each once?", run=run)
