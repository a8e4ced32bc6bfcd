"""The benchmark on foreign documents: what counts as found, and who is better."""

import json
from pathlib import Path

import pytest

from benchmarks import synthetic
from benchmarks.bench import Bench
from benchmarks.cases import foreign
from benchmarks.corpus_loader import load
from benchmarks.environments import Environments
from benchmarks.foreign import ForeignDocument, Merit, is_met, judge, load_foreign
from benchmarks.results import CaseResult
from pdfbatch.samples import text_pdf

DOCUMENT = ForeignDocument(
    id="a", path=Path("a.pdf"), kind="pair", truth="The price-\nless vase was\u00a0sold \u201ctwice\u201d."
)


@pytest.mark.parametrize(
    ("text", "recall", "precision"),
    [
        ('The priceless  vase\nwas sold "twice"', 1.0, 1.0),
        ("The price-\nless vase was sold twice", 1.0, 1.0),
        ("vase", 1 / 6, 1.0),
        ("vase vase was not", 2 / 6, 0.5),
        ("", 0.0, 0.0),
    ],
)
def test_words_are_compared_in_one_form(text: str, recall: float, precision: float) -> None:
    merit = judge(text, DOCUMENT)
    assert merit.recall == pytest.approx(recall)
    assert merit.precision == pytest.approx(precision)
    assert (merit.met, merit.odd) == (None, 0)


def test_what_an_engine_means_as_a_signal_joins_no_word_and_is_odd() -> None:
    merit = judge("The price\ufffeless vase was sold twice\x02\t\f\r\n", DOCUMENT)
    assert merit.recall == pytest.approx(5 / 6)
    assert merit.odd == 2


@pytest.mark.parametrize(
    ("assertion", "text", "met"),
    [
        ({"type": "present", "text": "two words"}, "so two\n  words", True),
        ({"type": "present", "text": "two words"}, "two word", False),
        ({"type": "absent", "text": "two words"}, "two word", True),
        ({"type": "absent", "text": "two words"}, "twowords", False),
        ({"type": "order", "before": "one", "after": "two"}, "one and two", True),
        ({"type": "order", "before": "one", "after": "two"}, "two and one", False),
        ({"type": "order", "before": "one", "after": "two"}, "only one", False),
    ],
)
def test_assertions(assertion: dict[str, object], text: str, met: bool) -> None:
    assert is_met(assertion, text) is met


def test_assertions_with_a_few_differences() -> None:
    pytest.importorskip("rapidfuzz", reason="needs the bench group")
    assertion = {"type": "present", "text": "the quick brown fox", "max_diffs": 2}
    assert is_met(assertion, "and the quick brawn f0x jumps")
    assert not is_met(assertion, "and the slow brawn f0x jumps")
    assert not is_met({**assertion, "max_diffs": 0}, "and the quick brawn f0x jumps")


@pytest.mark.parametrize(
    ("ours", "theirs", "behind"),
    [
        (Merit(recall=0.9), Merit(recall=0.92), False),
        (Merit(recall=0.9), Merit(recall=0.93), True),
        (Merit(met=3, made=4), Merit(met=4, made=4), True),
        (Merit(met=4, made=4), Merit(met=4, made=4), False),
        (Merit(recall=1.0, met=3, made=4), Merit(recall=0.5, met=4, made=4), True),
        (Merit(recall=0.1), Merit(met=4, made=4), False),
    ],
)
def test_who_is_better(ours: Merit, theirs: Merit, behind: bool) -> None:
    assert ours.is_behind(theirs) is behind


def test_a_folder_is_read_with_the_scores_of_its_peers(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(
        json.dumps({"id": "a", "kind": "scan", "tags": ["rotated"], "lang": "deu", "truth": "x", "password": None})
        + "\n"
    )
    (tmp_path / "peers.tsv").write_text(
        "id\tkind\ttags\tlang\tpdfbatch\tpypdf\tother\na\tscan\t\tdeu\t0.1\t0.5 3/4\t\n"
    )
    (document,) = load_foreign(tmp_path)
    assert (document.group, document.language, document.password) == ("scan turned", "deu", "")
    assert document.peers == {"pypdf": Merit(recall=0.5, met=3, made=4)}
    with pytest.raises(ValueError, match=r"has no corpus\.jsonl"):
        load_foreign(tmp_path / "documents")


def run_case(folder: Path, foreign_folder: Path | None) -> CaseResult:
    """The result of the case on a folder."""
    bench = Bench(
        corpus=load(synthetic.make_corpus(folder, seed=1, recipe=synthetic.SMALL)),
        folder=folder,
        cache=folder,
        workers=(1,),
        cores=1,
        repeat=1,
        environments=Environments(folder, install=False),
        say=lambda _: None,
        foreign=foreign_folder,
    )
    return foreign.run(bench)


def test_the_case_tells_kinds_and_the_documents_on_which_a_peer_is_better(tmp_path: Path) -> None:
    made = synthetic.make_foreign(tmp_path / "foreign")
    (made / "documents" / "m2.pdf").write_bytes(text_pdf(["permitted and forbidden"]))
    (made / "peers.tsv").write_text("id\tkind\tpypdf\nm1\tpair\t0.9\nm2\tspec\t2/2\n")
    result = run_case(tmp_path, made)
    kinds, behind = result.tables
    assert [(row[0], row[2], row[3], row[6]) for row in kinds.rows] == [
        ("all", "pdfbatch", "1.0000", "1/2"),
        ("pair", "pdfbatch", "1.0000", ""),
        ("spec", "pdfbatch", "", "1/2"),
    ]
    assert [(row[0], row[3], row[4]) for row in behind.rows] == [("m2", "1/2", "pypdf 2/2")]
    assert [ratio.values[0] for ratio in result.ratios] == [1.0, 0.0, 1.0, 1.0, 0.0]
    assert len(result.notes) == len(foreign.LIVE), "peers that are not installed are named"


def test_without_a_folder_the_case_says_so(tmp_path: Path) -> None:
    assert "--foreign" in run_case(tmp_path, None).notes[0]
