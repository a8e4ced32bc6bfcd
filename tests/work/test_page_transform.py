"""The caller's function for pages: where it is called, what counts as its failure, and what a resume makes of it."""

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pdfbatch import BatchProcessor, Document, DocumentStatus, Extraction, Limits, Storage
from pdfbatch.errors import Cause, UsageError
from pdfbatch.executors import ProcessExecutor, SequentialExecutor, ThreadExecutor
from pdfbatch.model import Page, TextSource
from pdfbatch.ports import Executor
from pdfbatch.transforms import Chain, JoinHyphens, NormalizeWhitespace
from tests.stand_ins import EchoOcr, ScanEngine

SECRET = re.compile("secret", re.IGNORECASE)


@dataclass(frozen=True)
class Redact:
    """Hide words."""

    words: tuple[str, ...]
    sign: str = "#"

    def __call__(self, page: Page) -> Page:
        """Return the page without the words."""
        text = page.text
        for word in self.words:
            text = text.replace(word, self.sign * len(word))
        return replace(page, text=text)


class NoDataclass:
    """A callable with state of its own."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __call__(self, page: Page) -> Page:
        """Return the page without the word."""
        return replace(page, text=page.text.replace(self.word, ""))


def hide(page: Page, sign: str = "#") -> Page:
    """Hide the secret."""
    return replace(page, text=SECRET.sub(sign, page.text))


WRONG: dict[str, dict[str, Any]] = {
    "bytes": {"text": b"no text"},
    "confidence": {"confidence": float("nan")},
    "language": {"language": "x" * 2_000},
    "reason": {"reason": None},
    "source": {"source": "ocr"},
    "huge": {"text": "x" * 10_000},
    "control": {"text": "a\0b\fc\ud800"},
}


def break_pages(page: Page) -> Any:
    """Do to each page what its text says."""
    match page.text.strip():
        case "raise":
            raise ZeroDivisionError("no such thing")
        case "nothing":
            return None
        case "number":
            return replace(page, number=page.number + 1)
        case what:
            return replace(page, **WRONG.get(what, {}))


def processor(transform: Callable[[Page], Page] | None, **settings: object) -> BatchProcessor:
    """A processor in this process that calls the function."""
    plain = BatchProcessor(
        executor=SequentialExecutor(),
        engine=ScanEngine(),
        ocr_engine=EchoOcr(),
        extraction=Extraction(page_transform=transform),
    )
    return replace(plain, **settings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def texts(document: bytes, transform: Callable[[Page], Page] | None, **settings: object) -> list[str]:
    """The text of each page of a document."""
    result = processor(transform, **settings).run([Document("a.pdf", "a", content=document)]).results[0]
    return [page.text.strip() for page in result.pages]


# --- where it is called -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("storage", [False, True], ids=["results", "output"])
def test_every_page_is_changed_before_anything_is_written(tmp_path: Path, storage: bool) -> None:
    output = Storage(str(tmp_path / "out")) if storage else None
    found = texts(b"a secret in text\fscan:a secret in print\f", hide, storage=output)
    assert found[:2] == ["a # in text", "a # in print"]
    written = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()] if storage else []
    assert [data for data in written if b"secret" in data] == []
    assert bool(written) is storage


@pytest.mark.parametrize("storage", [False, True], ids=["results", "output"])
def test_the_pages_of_parts_are_changed_once(tmp_path: Path, storage: bool) -> None:
    pages = ["a secret in text", *(f"scan:secret {number}" for number in range(11))]
    output = Storage(str(tmp_path / "out")) if storage else None
    found = texts("\f".join(pages).encode(), functools.partial(hide, sign="[secret]"), storage=output)
    assert found == ["a [secret] in text", *(f"[secret] {number}" for number in range(11))]


@pytest.mark.parametrize("executor", [ProcessExecutor(workers=1), ThreadExecutor(workers=1)], ids=["process", "thread"])
def test_workers_call_it(executor: Executor) -> None:
    found = texts(b"secret\fscan:secret", Chain((Redact(("secret",)), JoinHyphens())), executor=executor)
    assert found == ["######", "######"]


def test_text_of_pages_that_lack_ocr_is_changed_too() -> None:
    document = Document("a.pdf", content=b"scan:x\fsecret", languages="nld")
    result = processor(hide).run([document]).results[0]
    assert result.status is DocumentStatus.PARTIAL
    assert [page.text.strip() for page in result.pages] == ["", "#"]


def test_without_a_function_nothing_changes() -> None:
    assert texts(b"a secret", None) == ["a secret"]


def test_a_page_may_be_changed_in_other_ways() -> None:
    tagged = functools.partial(replace, reason="looked at", language="eng")
    page = processor(tagged).run([Document("a.pdf", content=b"some text")]).results[0].pages[0]
    assert (page.reason, page.language, page.source) == ("looked at", "eng", TextSource.TEXT_LAYER)


# --- what counts as its failure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("raise", "raised ZeroDivisionError: no such thing"),
        ("nothing", "returned NoneType, not a Page"),
        ("number", "returned page 2 instead"),
        ("bytes", "text is bytes"),
        ("confidence", "confidence is float"),
        ("language", "language is str, or of a wrong size"),
        ("reason", "reason is NoneType"),
        ("source", "source is str"),
    ],
)
@pytest.mark.parametrize("scan", ["", "scan:"], ids=["text", "ocr"])
def test_what_it_does_wrong_costs_that_page(page: str, said: str, scan: str) -> None:
    document = Document("a.pdf", content=f"{scan}{page}\f{scan}fine".encode())
    result = processor(break_pages).run([document]).results[0]
    failed, fine = result.pages
    assert failed.failure is not None
    assert (failed.text, failed.reason, failed.failure.cause) == ("", "transform_failed", Cause.TRANSFORM_FAILED)
    assert failed.failure.message.startswith("a.pdf: page 1: page_transform ")
    assert said in failed.failure.message
    assert (fine.text.strip(), fine.failure, result.status) == ("fine", None, DocumentStatus.PARTIAL)


def test_its_text_is_made_storable_and_counts_for_the_limit() -> None:
    assert texts(b"control", break_pages) == ["ab\nc\ufffd"]
    small = Limits(max_text_bytes=1_000)
    result = processor(break_pages, limits=small).run([Document("a.pdf", content=b"huge\ffine")]).results[0]
    assert [page.failure and page.failure.cause for page in result.pages] == [Cause.LIMIT_BYTES, Cause.LIMIT_BYTES]


@pytest.mark.parametrize("executor", [SequentialExecutor(), ThreadExecutor(workers=1), ProcessExecutor(workers=1)])
def test_what_cannot_be_pickled_is_refused_before_any_work(executor: Executor) -> None:
    word = "x"
    with pytest.raises(UsageError, match="frozen dataclass"):
        processor(lambda page: page, executor=executor).run(["no such file.pdf"])
    with pytest.raises(UsageError, match="cannot be sent to workers"):
        processor(Chain((lambda page: replace(page, text=word),)), executor=executor).run(["no such file.pdf"])
    with pytest.raises(UsageError, match="give a function"):
        processor("hide", executor=executor).run(["no such file.pdf"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# --- a resume ---------------------------------------------------------------------------------------------------------

DIFFERENT: list[Callable[[Page], Page] | None] = [
    None,
    hide,
    functools.partial(hide, sign="?"),
    functools.partial(hide, sign="!"),
    Redact(("secret",)),
    Redact(("secret",), sign="-"),
    Redact(("other",)),
    NoDataclass("secret"),
    NoDataclass("other"),
    JoinHyphens(),
    NormalizeWhitespace(),
    NormalizeWhitespace(keep_lines=False),
    Chain((JoinHyphens(), NormalizeWhitespace())),
    Chain((NormalizeWhitespace(), JoinHyphens())),
    Redact(("secret",)).__call__,
]


def test_another_function_is_another_setting(tmp_path: Path) -> None:
    digests: list[str] = []
    for transform in DIFFERENT:
        processor(transform, storage=Storage(str(tmp_path))).run([Document("a.pdf", "a", content=b"a secret")])
        digests.append(json.loads((tmp_path / "a.json").read_bytes())["options"])
    assert len(set(digests)) == len(DIFFERENT)


@pytest.mark.parametrize("make", [lambda: Redact(("secret",)), lambda: NoDataclass("secret"), lambda: hide])
def test_the_same_function_again_is_resumed(tmp_path: Path, make: Callable[[], Callable[[Page], Page]]) -> None:
    document = Document("a.pdf", "a", content=b"a secret")
    statuses = [
        processor(make(), storage=Storage(str(tmp_path))).run([document], resume=True).results[0].status
        for _ in range(2)
    ]
    assert statuses == [DocumentStatus.SUCCEEDED, DocumentStatus.SKIPPED]
