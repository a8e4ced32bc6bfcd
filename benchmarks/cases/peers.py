"""pdfbatch beside its peers: the same files, the same machine, the same run, in turns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.bench import Bench, Case
from benchmarks.candidates import library
from benchmarks.cases.accuracy import Scores, group_tables, score_output
from benchmarks.corpus import Corpus
from benchmarks.environments import program_versions
from benchmarks.items import document_items, repeat_items
from benchmarks.measurement import Candidate, find_entry, ratio
from benchmarks.peer_list import Discipline, Peer, peers_in
from benchmarks.results import CaseResult, Entry, Ratio, Run
from benchmarks.workload import Item, Workload
from pdfbatch.ocr import list_folders, wheel_program

COPIES = 4
TIMEOUT_SECONDS = 3600.0
GOALS = {
    "ten-minute script (ProcessPoolExecutor + pypdfium2)": 1.0,
    "kreuzberg, batch": 3.0,
    "pypdf in a process pool": 14.0,
    "OCRmyPDF --jobs": 1.35,
    "kreuzberg, batch with OCR": 2.0,
    "old design (5 threads, pypdf, 300 dpi, pytesseract)": 5.0,
}
GOALS_TESSEROCR = {"OCRmyPDF --jobs": 2.0, "kreuzberg, batch with OCR": 2.1}
NOTE_OCR = (
    "Only pdfbatch reads turned pages again. Candidates that do not, that leave pages out, or that read a scan of 100 dpi as "
    "it is, take less time; the columns of words and CER show it."
)
NOTES: dict[Discipline, tuple[str, ...]] = {"text": (), "ocr": (NOTE_OCR,)}


def run_text(bench: Bench) -> CaseResult:
    """Run the case on born-digital documents; peers write a text file for each.

    pdfbatch takes part twice: with texts and records, which it flushes to the disk, and with the text in the results.
    """
    corpus = bench.corpus.kind("born-digital")
    corpus = corpus.sample(bench.number(len(corpus.documents), 3))
    items, count = repeat_items(corpus.documents, bench.rounds(COPIES), bench.folder / "peers"), max(bench.workers)
    ours = (library("pdfbatch", items, count, writes=True), library("pdfbatch, text in the results", items, count))
    return _result(bench, "text", corpus, items, ours)


def run_ocr(bench: Bench) -> CaseResult:
    """Run the case on scans; every candidate writes a text file for each."""
    corpus = bench.corpus.kind("scanned")
    corpus = corpus.sample(bench.number(len(corpus.documents), 2))
    items, count = document_items(corpus.documents), max(bench.workers)
    ours = tuple(
        library(f"pdfbatch with {engine}", items, count, writes=True, ocr="auto", ocr_engine=engine)
        for engine in ("tesseract", "tesserocr")
    )
    return _result(bench, "ocr", corpus, items, ours)


def _result(
    bench: Bench, discipline: Discipline, corpus: Corpus, items: tuple[Item, ...], ours: Sequence[Candidate]
) -> CaseResult:
    times = len(items) // len(corpus.documents)
    found: Scores = {}
    others = [peer_candidate(bench, peer, items, known_pages=corpus.pages * times) for peer in peers_in(discipline)]
    candidates = [
        replace(one, inspect=partial(score_output, found, one.name, corpus.documents)) for one in (*ours, *others)
    ]
    entries = bench.measure(candidates)
    present = [peer.name for peer in others if not peer.missing]
    ratios = tuple(_ratio(entries, mine.name, peer) for mine in ours for peer in present)
    if discipline == "ocr":
        ratios += tuple(one for mine in ours for peer in present for one in _errors(entries, mine.name, peer))
    setting = f"{corpus.setting()}, {times} time{'s' * (times > 1)}; {max(bench.workers)} workers"
    versions = {pair for peer in peers_in(discipline) for pair in bench.environments.versions(peer).items()}
    versions |= {pair for peer in peers_in(discipline) for pair in program_versions(peer).items()}
    note = "Versions: " + ", ".join(f"{package} {version}" for package, version in sorted(versions)) + "."
    return CaseResult(
        name=f"peers-{discipline}",
        setting=setting,
        entries=entries,
        ratios=ratios,
        tables=group_tables(corpus, found)[:1],
        notes=(note, *NOTES[discipline]),
    )


def peer_candidate(bench: Bench, peer: Peer, items: tuple[Item, ...], *, known_pages: int = 0) -> Candidate:
    """Return a peer as a candidate, which says what is missing if it cannot run here."""
    candidate = Candidate(
        name=peer.name,
        module=peer.module,
        workload=Workload(items=items, workers=min(max(bench.workers), peer.max_workers), settings=peer.settings),
        writes=True,
        known_pages=known_pages,
        environment={"TESSDATA_PREFIX": _tessdata()} if peer.lacks_tessdata else {},
        timeout=TIMEOUT_SECONDS,
    )
    try:
        return replace(candidate, python=bench.environments.python_for(peer))
    except LookupError as error:
        return replace(candidate, missing=str(error))


def _tessdata() -> str:
    """Return the folder of language data that pdfbatch uses; empty when it is not known."""
    wheel = wheel_program()
    folder = None if wheel is None else wheel.tessdata
    return folder or next(list_folders(), "")


def _rate(run: Run) -> float:
    return run.documents_per_hour


def _ratio(entries: Sequence[Entry], mine: str, peer: str) -> Ratio:
    goal = GOALS.get(peer)
    goal = GOALS_TESSEROCR.get(peer, goal) if "tesserocr" in mine else goal
    return ratio(f"{mine} / {peer}", find_entry(entries, mine), find_entry(entries, peer), what=_rate, goal=goal)


def _errors(entries: Sequence[Entry], mine: str, peer: str) -> Iterator[Ratio]:
    """Yield the difference to a peer: in character error rate, where text and order are known, and in word recall."""
    runs = tuple(zip(find_entry(entries, mine).runs, find_entry(entries, peer).runs, strict=False))
    for name, fact, at_most in (("CER", "cer_in_order", True), ("word recall", "word_recall", False)):
        gaps = tuple(a.facts[fact] - b.facts[fact] for a, b in runs if fact in a.facts and fact in b.facts)
        yield Ratio(name=f"{name} of {mine}, less that of {peer}", values=gaps, goal=0, at_most=at_most)


TEXT = Case(name="peers-text", summary="Born-digital documents beside the peers", run=run_text, in_smoke=False)
OCR = Case(name="peers-ocr", summary="Scans beside the peers", run=run_ocr, heavy=True, in_smoke=False)
