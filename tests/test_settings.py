"""Settings are checked when they are made: a value of the wrong kind never switches a guard off."""

import math
import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfbatch import BatchProcessor, Document, Extraction, Limits, PageRules, RetryPolicy, Storage
from pdfbatch.errors import UsageError
from pdfbatch.executors import ProcessExecutor, SequentialExecutor, ThreadExecutor

BYTES = ["memory_bytes", "max_file_bytes", "max_text_bytes"]
WHOLE = ["max_pages", "max_pixels"]
SECONDS = ["document_timeout", "page_timeout", "storage_timeout"]
ODD: list[object] = [
    True,
    False,
    "",
    "abc",
    b"1",
    [],
    (),
    {},
    object(),
    1j,
    float("nan"),
    float("inf"),
    -float("inf"),
    -1,
    0,
]


@pytest.mark.parametrize("name", [name for name in BYTES if name != "memory_bytes"])  # which has a least value
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (1, 1), ("200", 200), ("200M", 200 << 20), ("1G", 1 << 30), ("1 GiB", 1 << 30), ("1gb", 1 << 30), (" 1.5 k ", 1536),
        ("0.5T", 1 << 39), ("2KB", 2048), ("64 B", 64),
    ],
)  # fmt: skip
def test_bytes_may_be_written_with_a_unit(name: str, written: object, kept: int) -> None:
    value = getattr(Limits(**{name: written}), name)  # type: ignore[arg-type]
    assert (value, type(value)) == (kept, int)


@pytest.mark.parametrize("name", [*BYTES, *WHOLE, *SECONDS])
@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_limits_refuse_what_is_no_limit(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=rf"^Limits\({name}=.*: give a "):
        Limits(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["1.5.5G", "G", "-1G", "1e3", "10 apples", "0", "0.0001K", "\u0661G", "9" * 30, "1GG", "none"]
)
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"memory_bytes=.*'1 GiB'"):
        Limits(memory_bytes=text)


def test_none_takes_a_limit_away_where_that_is_allowed() -> None:
    names = [field.name for field in fields(Limits) if field.name != "storage_timeout"]
    assert Limits(**dict.fromkeys(names)) != Limits()  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="storage_timeout=None"):
        Limits(storage_timeout=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [Decimal("1.5"), Fraction(3, 2), 1.5])
def test_numbers_of_any_kind_are_kept_as_floats(number: float) -> None:
    assert repr(Limits(page_timeout=number).page_timeout) == "1.5"


def test_a_memory_limit_with_which_no_worker_starts_is_refused() -> None:
    with pytest.raises(UsageError, match=r"memory_bytes=10\): give at least .*64M.*which a worker needs"):
        Limits(memory_bytes=10)
    assert Limits(memory_bytes="64M").memory_bytes == 64 << 20


def test_numbers_of_numpy_are_numbers_and_its_truths_are_none() -> None:
    numpy = pytest.importorskip("numpy")
    kept = Limits(memory_bytes=numpy.int64(1 << 30), max_pages=numpy.uint8(3), page_timeout=numpy.float32(2.5))
    assert [type(value) for value in (kept.memory_bytes, kept.max_pages, kept.page_timeout)] == [int, int, float]
    for value in (numpy.bool_(True), numpy.float64("nan"), numpy.array([1, 2]), numpy.datetime64("2020-01-01")):
        with pytest.raises(UsageError, match="page_timeout"):
            Limits(page_timeout=value)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Extraction(ocr="Always"), "ocr='Always'.*'auto', 'never', 'always'"),  # type: ignore[arg-type]
        (lambda: Extraction(ocr=True), "ocr=True"),  # type: ignore[arg-type]
        (lambda: Extraction(on_missing_ocr="yes"), "on_missing_ocr='yes'.*'fail', 'skip'"),  # type: ignore[arg-type]
        (lambda: Extraction(dpi=-1), "dpi=-1.*from 30 to 2,400"),
        (lambda: Extraction(dpi=5), "dpi=5"),
        (lambda: Extraction(dpi=300.5), "dpi=300.5"),  # type: ignore[arg-type]
        (lambda: Extraction(max_readings=0), "max_readings=0"),
        (lambda: Extraction(part_pages=0), "part_pages=0"),
        (lambda: Extraction(rules={}), "rules=.*give a PageRules"),  # type: ignore[arg-type]
        (lambda: Extraction(languages=""), "languages=''.*give names or codes"),
        (lambda: Extraction(languages=[]), "languages=.*give names or codes"),
        (lambda: Extraction(languages=["eng", 3]), "languages="),  # type: ignore[list-item]
        (lambda: Extraction(languages="english, german"), "'eng.deu' is probably meant: join languages by"),
        (lambda: Extraction(languages=["eng deu", "fra"]), "'eng.deu' is probably meant"),
        (lambda: Extraction(languages="foo; bar"), "join languages by"),
        (lambda: Extraction(dpi=200, min_dpi=300), "min_dpi=300.*drawn at 200 dpi"),
        (lambda: Extraction(languages=["auto", "deu"]), "'auto' guesses among all that are installed: give it alone"),
        (lambda: Document("a.pdf", languages="eng+Auto"), "'auto' guesses among all"),
        (lambda: Document("a.pdf", languages=[]), "languages=.*give names or codes"),
        (lambda: Document("a.pdf", languages=0), "languages=0.*give names or codes"),  # type: ignore[arg-type]
        (lambda: Document("a.pdf", output_name=5), "output_name=5.: give a text"),  # type: ignore[arg-type]
        (lambda: Document("a.pdf", base_folder=5), "base_folder=5.: give a path"),  # type: ignore[arg-type]
        (lambda: Storage("s3://b", "key=word"), "^Storage.options=<str>.: give a mapping"),  # type: ignore[arg-type]
        (lambda: Storage(Path("s3://b/text")), "'s3:/b/text' is no URL: did you mean 's3://b/text'"),
        (lambda: Document("a.pdf", languages="German and French"), "'a.pdf', languages=.*'deu.fra' is probably meant"),
        (lambda: Document("a.pdf", password=3), "Document.'a.pdf', password.: give a text"),  # type: ignore[arg-type]
        (lambda: Document("a.pdf", metadata=[1]), "metadata=.1.*give a mapping"),  # type: ignore[arg-type]
        (lambda: Document("a.pdf", content="text"), "content.: give the bytes of a PDF"),  # type: ignore[arg-type]
        (lambda: Document(3), "file_path=3.*give a path or a URL"),  # type: ignore[arg-type]
        (lambda: PageRules(image_coverage=1.5), "image_coverage=1.5.*from 0 to 1"),
        (lambda: PageRules(weak_confidence=math.nan), "weak_confidence=nan"),
        (lambda: PageRules(stamp_characters=-1), "stamp_characters=-1"),
        (lambda: RetryPolicy(attempts=0), "attempts=0.*from 1"),
        (lambda: RetryPolicy(crash_attempts=1.0), "crash_attempts=1.0"),  # type: ignore[arg-type]
        (lambda: RetryPolicy(backoff_seconds=-1), "backoff_seconds=-1"),
        (lambda: RetryPolicy(max_backoff_seconds=math.inf), "max_backoff_seconds=inf"),
        (lambda: ThreadExecutor(workers=0), "ThreadExecutor.*workers=0"),
        (lambda: ProcessExecutor(workers="4"), "ProcessExecutor.*workers='4'"),  # type: ignore[arg-type]
        (lambda: ProcessExecutor(workers=True), "workers=True"),
        (lambda: ProcessExecutor(tasks_per_worker=0), "tasks_per_worker=0"),
        (lambda: ProcessExecutor(start_method="fork"), "start_method='fork'.*'forkserver', 'spawn'"),  # type: ignore[arg-type]
        (lambda: Storage("out", durability="sometimes"), "durability='sometimes'"),  # type: ignore[arg-type]
        (lambda: Storage("out", seconds=0), "seconds=0"),
        (lambda: Storage("out", retry=3), "retry=3.*RetryPolicy"),  # type: ignore[arg-type]
        (lambda: Storage(3), "url=3"),  # type: ignore[arg-type]
        (lambda: Storage(""), "url=''"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_field_and_what_is_allowed(make: Callable[[], object], named: str) -> None:
    with pytest.raises(UsageError, match=named) as caught:
        make()
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


def test_a_document_takes_what_means_the_same() -> None:
    document = Document("a.pdf", content=bytearray(b"%PDF"), metadata=None)  # type: ignore[arg-type]
    assert (document.content, document.metadata) == (b"%PDF", {})
    assert Document("a.pdf", languages="").languages is None


def test_secrets_of_a_storage_are_in_no_message() -> None:
    with pytest.raises(UsageError, match="options") as caught:
        Storage("s3://b", {"secret": "hunter2", 7: "x"})  # type: ignore[dict-item]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("given", [["eng", "deu"], ("eng", "deu"), "eng+deu"])
def test_languages_may_be_a_list(given: list[str] | str) -> None:
    assert Extraction(languages=given).languages == "eng+deu"


@pytest.mark.parametrize(
    "given",
    [
        "chi_sim_vert",
        "script/Latin",
        "auto",
        "eng+script/Fraktur",
        "German",
        "pt-BR",
        "Simplified Chinese+Norwegian Bokmål",
    ],
)
def test_all_that_tesseract_calls_a_language_is_one(given: str) -> None:
    assert Extraction(languages=given).languages == given


@pytest.mark.parametrize(
    ("given", "kept"), [("1-3,7", "1-3,7"), ([1, 2], "1,2"), (3, "3"), (range(4, 6), "4,5"), ((9,), "9")]
)
def test_pages_of_a_document_may_be_numbers(given: object, kept: str) -> None:
    assert Document("a.pdf", pages=given).pages == kept  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [[], [0], [-1], ["1"], True, [True], 1.0, {"a": 1}, iter([1]), "x"])
def test_pages_that_are_none_are_refused(given: object) -> None:
    with pytest.raises(ValueError, match="page"):
        Document("a.pdf", pages=given)  # type: ignore[arg-type]


def test_settings_survive_replacement_and_pickling() -> None:
    limits = replace(Limits(memory_bytes="1G"), max_pages=3)
    assert pickle.loads(pickle.dumps(limits)) == limits
    assert limits.memory_bytes == 1 << 30
    assert BatchProcessor(limits=limits, executor=SequentialExecutor()).limits.max_pages == 3


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    value=st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())
    )
)
def test_any_value_is_kept_checked_or_refused(value: object) -> None:
    for kind in (Limits, Extraction, PageRules, RetryPolicy):
        for field in fields(kind):
            try:
                kept = getattr(cast("Any", kind)(**{field.name: value}), field.name)
            except UsageError as error:
                assert field.name in str(error)  # noqa: PT017 (only some are refused)
                assert "\n" not in str(error)  # noqa: PT017
            else:
                assert kept is None or callable(kept) or type(kept) in (str, int, type(getattr(kind(), field.name)))
