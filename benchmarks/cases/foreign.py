"""How much of foreign documents is in the text, beside the peers? The folder is given by path: ``--foreign``."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.cases.peers import peer_candidate
from benchmarks.foreign import ForeignDocument, Merit, judge_output, load_foreign
from benchmarks.items import readable_language
from benchmarks.peer_list import PEERS
from benchmarks.results import CaseResult, Ratio, Table
from benchmarks.workload import Item

PDFBATCH = "pdfbatch"
# Peers that are run beside it; the folder has the scores of others.
LIVE = ("liteparse, in its pool", "xberg, batch")
LIVE_OCR = ("liteparse, in its pool, with OCR",)

Merits = dict[str, dict[str, Merit]]
"""By reader, then by document."""


def run(bench: Bench) -> CaseResult:
    """Run the case without OCR."""
    return _run(bench, "foreign", ocr="never", live=LIVE)


def run_ocr(bench: Bench) -> CaseResult:
    """Run the case with OCR, each document in its language."""
    return _run(bench, "foreign-ocr", ocr="auto", live=LIVE_OCR)


def _run(bench: Bench, name: str, *, ocr: str, live: Sequence[str]) -> CaseResult:
    if bench.foreign is None:
        return CaseResult(name=name, setting="not run", notes=("Name a folder: --foreign DIR, or PDFBATCH_FOREIGN.",))
    documents = load_foreign(bench.foreign)
    documents = _sample(documents, bench.number(len(documents), 3))
    items = tuple(_item(one) for one in documents)
    found: Merits = {}
    candidates = [library(PDFBATCH, items, max(bench.workers), writes=True, ocr=ocr)]
    if not bench.small:
        candidates += [peer_candidate(bench, peer, items) for peer in PEERS if peer.name in live]
    judged = [replace(one, inspect=partial(_inspect, found, one.name, documents)) for one in candidates]
    entries = bench.measure(judged)
    ours = found.get(PDFBATCH, {})
    return CaseResult(
        name=name,
        setting=f"{len(documents)} documents with a truth; OCR: {ocr}",
        entries=entries,
        ratios=tuple(_goals(documents, found, is_whole=len(documents) > 200)),
        tables=(_by_kind(documents, found), _behind(documents, ours, found)),
        notes=tuple(f"{one.name} is not there: {one.missing}" for one in candidates if one.missing),
    )


def _inspect(found: Merits, name: str, documents: Sequence[ForeignDocument], output: Path) -> Mapping[str, float]:
    found[name] = merits = judge_output(output, documents)
    recalls = [one.recall for one in merits.values() if one.recall is not None]
    return {
        "word_recall": statistics.mean(recalls) if recalls else 0.0,
        "met": sum(one.met or 0 for one in merits.values()),
        "odd_characters": sum(one.odd for one in merits.values()),
    }


def peers_better(document: ForeignDocument, merit: Merit, found: Merits) -> list[str]:
    """Return the peers that are better at a document: those of its folder, and those that were run."""
    here = {name: merits[document.id] for name, merits in found.items() if name != PDFBATCH and document.id in merits}
    peers = {**document.peers, **here}
    return [f"{name} {peer.as_cell()}" for name, peer in peers.items() if merit.is_behind(peer)]


def _goals(documents: Sequence[ForeignDocument], found: Merits, *, is_whole: bool) -> Iterator[Ratio]:
    ours = found.get(PDFBATCH)
    if ours is None:
        return
    behind = sum(bool(peers_better(one, ours[one.id], found)) for one in documents)
    figures = (
        ("documents on which a peer is better", behind, 8.0, True),
        ("form values found", _met(documents, ours, "form"), 125.0, False),
        ("assertions of the readers' own tests met", _met(documents, ours, "spec"), 164.0, False),
        ("mean word recall where a text lies beside the PDF", _recall(documents, ours, "pair"), 0.93, False),
        ("odd characters", sum(one.odd for one in ours.values()), 0.0, True),
    )
    for name, value, goal, at_most in figures:
        yield Ratio(name=name, values=(float(value),), goal=goal if is_whole else None, at_most=at_most)


def _met(documents: Sequence[ForeignDocument], merits: Mapping[str, Merit], kind: str) -> int:
    return sum(merits[one.id].met or 0 for one in documents if one.kind == kind)


def _recall(documents: Sequence[ForeignDocument], merits: Mapping[str, Merit], kind: str) -> float:
    recalls = [merits[one.id].recall for one in documents if one.kind == kind]
    return statistics.mean([one for one in recalls if one is not None] or [0.0])


def _by_kind(documents: Sequence[ForeignDocument], found: Merits) -> Table:
    groups: dict[str, list[str]] = {}
    for one in documents:
        for group in (one.group, "all"):
            groups.setdefault(group, []).append(one.id)
    table = tuple(
        (group, str(len(names)), reader, *_cells([merits[name] for name in names if name in merits]))
        for group, names in sorted(groups.items())
        for reader, merits in found.items()
    )
    header = ("kind", "documents", "reader", "word recall", "worst", "precision", "assertions", "odd characters")
    return Table(title="By kind", header=header, rows=table)


def _cells(merits: Sequence[Merit]) -> tuple[str, ...]:
    recalls = [one.recall for one in merits if one.recall is not None]
    precisions = [one.precision for one in merits if one.precision is not None]
    made = sum(one.made for one in merits if one.met is not None)
    return (
        f"{statistics.mean(recalls):.4f}" if recalls else "",
        f"{min(recalls):.3f}" if recalls else "",
        f"{statistics.mean(precisions):.4f}" if precisions else "",
        f"{sum(one.met or 0 for one in merits)}/{made}" if made else "",
        str(sum(one.odd for one in merits)),
    )


def _behind(documents: Sequence[ForeignDocument], ours: Mapping[str, Merit], found: Merits) -> Table:
    table = tuple(
        (one.id, one.group, ", ".join(sorted(one.tags)), ours[one.id].as_cell(), "; ".join(better))
        for one in documents
        if one.id in ours and (better := peers_better(one, ours[one.id], found))
    )
    return Table(
        title="Documents on which a peer is better",
        header=("document", "kind", "tags", "pdfbatch", "better"),
        rows=table,
    )


def _item(document: ForeignDocument) -> Item:
    language = readable_language(document.language)
    return Item(id=document.id, path=str(document.path), language=language, password=document.password)


def _sample(documents: Sequence[ForeignDocument], count: int) -> tuple[ForeignDocument, ...]:
    """Return so many documents, evenly spread."""
    step = max(1.0, len(documents) / max(count, 1))
    return tuple(documents[int(number * step)] for number in range(min(count, len(documents))))


FOREIGN = Case(name="foreign", summary="How much of foreign documents is in the text, beside the peers?", run=run)
FOREIGN_OCR = Case(name="foreign-ocr", summary="The same with OCR", run=run_ocr, heavy=True, in_smoke=False)
