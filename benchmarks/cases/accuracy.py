"""How right the text is, beside a baseline where the corpus has one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.accuracy import Score, baseline_scores, scores_of, total
from benchmarks.bench import Bench, Case
from benchmarks.contestants import library
from benchmarks.corpus import Corpus, CorpusDocument
from benchmarks.inputs import document_items
from benchmarks.results import CaseResult, Table

ENGINES = ("tesseract", "tesserocr")
BASELINE = "baseline"

Scores = dict[str, dict[str, Score]]
"""By reader, then by document."""


def run(bench: Bench) -> CaseResult:
    """Measure."""
    corpus = bench.corpus.where(lambda document: document.truth is not None)
    corpus = corpus.sample(bench.number(len(corpus.documents), 2))
    found: Scores = {}
    items, workers = document_items(corpus.documents), max(bench.workers)
    contestants = [library(engine, items, workers, writes=True, ocr="auto", ocr_engine=engine) for engine in ENGINES]
    entries = bench.contest(
        [replace(one, inspect=partial(keep_scores, found, one.name, corpus.documents)) for one in contestants]
    )
    if corpus.baseline is not None:
        found[BASELINE] = baseline_scores(corpus.baseline, corpus.documents)
    return CaseResult(
        name=CASE.name, setting=corpus.setting(), entries=entries, tables=(*group_tables(corpus, found), _worst(found))
    )


def keep_scores(found: Scores, name: str, documents: Sequence[CorpusDocument], output: Path) -> Mapping[str, float]:
    """Score an output, remember it under the reader's name, and return the totals."""
    found[name] = scores_of(output, documents)
    whole = total(found[name].values())
    return {"cer": whole.cer, "wer": whole.wer, "word_recall": whole.recall}


def group_tables(corpus: Corpus, found: Scores) -> tuple[Table, ...]:
    """Rates by kind and quality of the truth, and by tag."""
    return (
        _table("By kind and truth", corpus, found, lambda one: [f"{one.kind}, {one.truth_quality}", "all"]),
        _table("By tag", corpus, found, lambda one: sorted(one.tags)),
    )


def _table(title: str, corpus: Corpus, found: Scores, groups_of: Callable[[CorpusDocument], Sequence[str]]) -> Table:
    groups: dict[str, list[str]] = {}
    for document in corpus.documents:
        for group in groups_of(document) if document.truth is not None else ():
            groups.setdefault(group, []).append(document.id)
    header = ("group", "documents", "reader", "CER", "WER", "word recall")
    rows = tuple(row for group, names in sorted(groups.items()) for row in _group_rows(group, names, found))
    return Table(title=title, header=header, rows=rows)


def _group_rows(group: str, names: Sequence[str], found: Scores) -> Iterator[tuple[str, ...]]:
    for reader, scores in found.items():
        score = total(scores[name] for name in names if name in scores)
        yield group, str(len(names)), reader, f"{score.cer:.4f}", f"{score.wer:.4f}", f"{score.recall:.4f}"


def _worst(found: Scores) -> Table:
    """The documents where a reader is furthest behind the baseline, or the worst where there is none."""
    base = found.get(BASELINE, {})
    behind = sorted(
        (
            (scores[name].cer - base.get(name, Score()).cer, reader, name)
            for reader, scores in found.items()
            for name in scores
        ),
        reverse=True,
    )
    rows = tuple(
        (
            name,
            reader,
            f"{found[reader][name].cer:.4f}",
            f"{base[name].cer:.4f}" if name in base else "-",
            f"{gap:+.4f}",
        )
        for gap, reader, name in behind[:10]
        if gap > 0
    )
    return Table(
        title="Furthest behind the baseline", header=("document", "reader", "CER", "baseline", "gap"), rows=rows
    )


CASE = Case(name="accuracy", summary="How right is the text, by kind and tag?", run=run, heavy=True)
