"""What loaders of other frameworks hand on. ``nox -s integrations`` tests the loaders themselves, with their packages."""

import logging
from pathlib import Path

import pytest

from pdfbatch import BatchProcessor, Document, DocumentError, Extraction, UsageError
from pdfbatch.integrations import Passages
from pdfbatch.samples import letter, memo, text_pdf

NO_OCR = Extraction(ocr="never")
TWO_PAGES = text_pdf([letter(1), memo(2)])


def documents(tmp_path: Path) -> list[Document]:
    return [
        Document("a.pdf", "id-a", metadata={"client": 7}, content=TWO_PAGES),
        Document(str(tmp_path / "missing.pdf"), "id-missing"),
        Document("b.pdf", "id-b", content=text_pdf([letter(3)])),
    ]


def test_each_page_is_a_passage_with_metadata(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    passages = Passages(executor="thread", extraction=NO_OCR)
    with caplog.at_level(logging.WARNING, "pdfbatch.integrations"):
        found = list(passages.read(documents(tmp_path)))
    assert [passage.id for passage in found] == ["id-a:1", "id-a:2", "id-b:1"]
    assert dict(found[1].metadata) == {
        "client": 7,
        "source": "a.pdf",
        "document_uuid": "id-a",
        "status": "succeeded",
        "total_pages": 2,
        "page": 2,
        "text_source": "text-layer",
    }
    assert all(passage.text.strip() for passage in found)
    assert [result.document.document_uuid for result in passages.failed] == ["id-missing"]
    assert "missing.pdf" in caplog.text


def test_each_file_is_a_passage_when_asked(tmp_path: Path) -> None:
    found = list(
        Passages(mode="file", on_failure="include", executor="thread", extraction=NO_OCR).read(documents(tmp_path))
    )
    assert [passage.id for passage in found] == ["id-a", "id-missing", "id-b"]
    assert found[0].text.count("\f") == 1
    assert found[1].text == ""
    assert "missing.pdf" in str(found[1].metadata["error"])


def test_a_failure_is_raised_when_asked(tmp_path: Path) -> None:
    passages = Passages(on_failure="raise", executor="thread", extraction=NO_OCR).read(documents(tmp_path))
    assert next(passages).id == "id-a:1"
    with pytest.raises(DocumentError, match=r"missing\.pdf"):
        list(passages)


def test_a_processor_brings_its_pool_and_an_output_keeps_the_text(tmp_path: Path) -> None:
    with BatchProcessor(executor="thread", output=tmp_path, extraction=NO_OCR) as processor:
        first, found = (list(Passages(processor=processor, resume=True).read(documents(tmp_path))) for _ in range(2))
    assert [passage.id for passage in first] == [passage.id for passage in found] == ["id-a:1", "id-a:2", "id-b:1"]
    assert found[0].text.strip()
    assert found[0].metadata["status"] == "skipped"


def test_what_is_no_setting_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'executor'"):
        Passages(exector="thread")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(UsageError, match="'page', 'file'"):
        Passages(mode="pages")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="with a processor"):
        Passages(processor=BatchProcessor(), executor="thread")
