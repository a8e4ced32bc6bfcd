"""The same documents again and again, under other names."""

from dataclasses import replace
from shutil import copyfile

from benchmarks.bench import Bench, Case
from benchmarks.contest import named, ratio
from benchmarks.contestants import library
from benchmarks.inputs import document_items, repeated
from benchmarks.job import Item
from benchmarks.results import CaseResult

COPIES = 8
DISTINCT, SAME = "all different", "each document {times} times"


def run(bench: Bench) -> CaseResult:
    """Measure: as many documents that are all different, against each one many times."""
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 4))
    times, count = max(2, bench.rounds(COPIES)), max(bench.workers)
    same = SAME.format(times=times)
    distinct = repeated(corpus.documents, times, bench.folder / "distinct")
    equal = tuple(_again(bench, item, time) for time in range(times) for item in document_items(corpus.documents))
    entries = bench.contest([library(DISTINCT, distinct, count, writes=True), library(same, equal, count, writes=True)])
    return CaseResult(
        name=CASE.name,
        setting=f"{corpus.setting()}, {times} times",
        entries=entries,
        ratios=(ratio("duplicates / all different", named(entries, same), named(entries, DISTINCT)),),
    )


def _again(bench: Bench, item: Item, time: int) -> Item:
    folder = bench.folder / "same"
    folder.mkdir(exist_ok=True)
    target = folder / f"{item.id}-{time:02}.pdf"
    copyfile(item.path, target)
    return replace(item, id=target.stem, path=str(target))


CASE = Case(name="duplicates", summary="Each document many times under other names: is it read once?", run=run)
