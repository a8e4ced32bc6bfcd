"""Patterns, a limit and shards take a part of the inputs, whatever these are."""

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from pdfbatch import Document
from pdfbatch.errors import NoDocumentsError, UsageError
from pdfbatch.inputs import Inputs, Manifest, NameList, Selection, Shard, Share, documents_from

PATHS = ["a.pdf", "b.pdf", "draft/a.pdf", "draft/deep/c.pdf", "[1].pdf", ".hidden/x.pdf", "In.PDF"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", PATHS),
        ("*.pdf", [path for path in PATHS if path != "In.PDF"]),
        ("a.pdf", ["a.pdf", "draft/a.pdf"]),
        ("/a.pdf", ["a.pdf"]),
        ("./a.pdf", ["a.pdf"]),
        ("draft", ["draft/a.pdf", "draft/deep/c.pdf"]),
        ("draft/", ["draft/a.pdf", "draft/deep/c.pdf"]),
        ("a.pdf/", []),
        ("deep/", ["draft/deep/c.pdf"]),
        ("draft/*", ["draft/a.pdf", "draft/deep/c.pdf"]),
        ("draft/*.pdf", ["draft/a.pdf"]),
        ("**/a.pdf", ["a.pdf", "draft/a.pdf"]),
        ("draft/**", ["draft/a.pdf", "draft/deep/c.pdf"]),
        ("draft/**/c.pdf", ["draft/deep/c.pdf"]),
        ("**/deep/**", ["draft/deep/c.pdf"]),
        ("?.pdf", ["a.pdf", "b.pdf", "draft/a.pdf", "draft/deep/c.pdf", ".hidden/x.pdf"]),
        ("[ab].pdf", ["a.pdf", "b.pdf", "draft/a.pdf"]),
        ("[!a-b].pdf", ["draft/deep/c.pdf", ".hidden/x.pdf"]),
        ("[[]1].pdf", ["[1].pdf"]),
        ("[1.pdf", []),
        ("[z-a].pdf", []),
        ("[]x].pdf", [".hidden/x.pdf"]),
    ],
)
def test_a_pattern_is_one_of_a_name_or_of_the_whole_path(pattern: str, expected: list[str]) -> None:
    chosen = Selection.from_values(include=pattern)
    assert [path for path in PATHS if chosen.accepts(path)] == expected
    assert [path for path in PATHS if not Selection.from_values(exclude=pattern).accepts(path)] == expected


def test_a_document_comes_when_one_pattern_includes_it_and_none_excludes_it() -> None:
    chosen = Selection.from_values(include=["draft/", "b.*"], exclude=["deep/"])
    assert [path for path in PATHS if chosen.accepts(path)] == ["b.pdf", "draft/a.pdf"]


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    """A folder with documents, and a list, a manifest and a table that name the same."""
    names = ["a.pdf", "b.pdf", "deep/c.pdf", "deep/d.pdf"]
    for name in names:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "in" / "m.csv").write_text("file_path\n" + "\n".join(names))
    (tmp_path / "in" / "m.json").write_text(json.dumps({"documents": [{"file_path": name} for name in names]}))
    return tmp_path


def test_every_kind_of_input_is_looked_at_below_its_root(pile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pile / "in")
    (pile / "list").write_text("a.pdf\nb.pdf\ndeep/c.pdf\ndeep/d.pdf\n")
    names = ["a.pdf", "b.pdf", "deep/c.pdf", "deep/d.pdf"]
    chosen = Selection.from_values(include=["deep/*"], exclude=["d.pdf"])
    everything: list[Inputs] = [
        str(pile / "in"),
        f"{pile}/in/**",
        NameList(pile / "list"),
        str(pile / "in" / "m.csv"),
        str(pile / "in" / "m.json"),
        Manifest.load("m.json"),
        names,
        [Document(name) for name in names],
    ]
    for inputs in everything:
        found = documents_from(inputs, chosen)
        assert found.count() == 1, inputs
        assert [Path(document.location).resolve() for document in found] == [pile / "in" / "deep" / "c.pdf"], inputs


def test_urls_are_looked_at_without_their_scheme() -> None:
    chosen = Selection.from_values(include="bucket/2024/*")
    urls = ["s3://bucket/2024/a.pdf", "s3://bucket/2025/2024/b.pdf", "zip://c.pdf::s3://bucket/2024/all.zip"]
    assert [document.file_path for document in documents_from(urls, chosen)] == urls[:1]


def test_patterns_that_leave_nothing_are_a_mistake(pile: Path) -> None:
    chosen = Selection.from_values(include="*.png", exclude="x")
    with pytest.raises(NoDocumentsError, match=r"include='\*\.png', exclude='x'"):
        list(documents_from(str(pile / "in"), chosen))


def test_a_limit_takes_the_first_and_reads_no_further(pile: Path) -> None:
    taken = documents_from((str(number) + ".pdf" for number in itertools.count()), Selection.from_values(limit=3))
    assert [document.file_path for document in taken] == ["0.pdf", "1.pdf", "2.pdf"]
    found = documents_from(str(pile / "in"), Selection.from_values(limit=3))
    assert (found.count(), len(list(found))) == (3, 3)


def test_each_document_is_in_one_shard_whatever_the_order_and_its_neighbours() -> None:
    names = [f"{number}.pdf" for number in range(2_000)]
    places = dict[str, int]()
    for number in range(1, 8):
        for document in documents_from(reversed(names), Selection.from_values(shard=(number, 7))):
            assert document.file_path not in places
            places[document.file_path] = number
    assert places.keys() == set(names)
    assert min(Counter(places.values()).values()) > 2_000 / 7 * 0.8
    alone = documents_from("5.pdf", Selection.from_values(shard=f"{places['5.pdf']}/7"))
    assert len(list(alone)) == 1


def test_shards_are_the_same_on_every_machine_and_in_every_version() -> None:
    ids = ["00000000-0000-5000-8000-000000000000", "a", "ä", "case-17"]
    documents = [Document("a.pdf", document_uuid=each) for each in ids]
    shares = {number: list(Share(Shard(number, 16)).filter(documents)) for number in range(1, 17)}
    assert [next(n for n, share in shares.items() if each in share) for each in documents] == [8, 15, 15, 2]


def test_the_limit_counts_before_the_shards_are_made() -> None:
    names = [f"{number}.pdf" for number in range(100)]
    found = [
        document.file_path
        for number in (1, 2, 3)
        for document in documents_from(names, Selection.from_values(limit=10, shard=Shard(number, 3)))
    ]
    assert sorted(found) == sorted(names[:10])


def test_shards_know_whether_they_had_the_same_inputs() -> None:
    def describe(names: list[str], number: int) -> dict[str, object]:
        found = documents_from(names, Selection.from_values(shard=(number, 2)))
        assert found.share is not None
        assert found.share.as_dict()["all_documents"] is None
        list(found)
        return {**found.share.as_dict(), "number": 0}

    assert describe(["a.pdf", "b.pdf"], 1) == describe(["b.pdf", "a.pdf"], 2)
    assert describe(["a.pdf", "b.pdf"], 1) != describe(["a.pdf", "c.pdf"], 1)


@pytest.mark.parametrize(
    "wrong", ["0/16", "17/16", "3", "3/0", "-1/3", "a/b", (0, 3), (4, 3), (1.0, 3), 3, (1, 2, 3), "1/1000000"]
)
def test_what_is_no_shard_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="shard"):
        Shard.from_value(wrong)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": "3"}, {"include": [""]}, {"exclude": [3]}, {"include": "/"}])
def test_what_selects_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"limit|include|exclude"):
        Selection.from_values(**wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
