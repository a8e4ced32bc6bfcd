"""The loaders with the packages they are for: run by ``nox -s integrations``, skipped where a package is not installed."""

import asyncio
from pathlib import Path

import pytest

from pdfbatch import BatchProcessor, Extraction
from pdfbatch.samples import letter, memo, text_pdf

NO_OCR = Extraction(ocr="never")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.pdf").write_bytes(text_pdf([letter(1), memo(2)]))
    (tmp_path / "b.pdf").write_bytes(text_pdf([letter(3)]))
    return tmp_path


def test_langchain_loads_pages_lazily_and_in_an_event_loop(folder: Path) -> None:
    pytest.importorskip("langchain_core")
    from langchain_core.document_loaders import BaseLoader
    from langchain_core.documents import Document

    from pdfbatch.integrations.langchain import PdfBatchLoader

    loader: BaseLoader = PdfBatchLoader(folder, executor="thread", extraction=NO_OCR)
    first = next(iter(loader.lazy_load()))
    assert isinstance(first, Document)
    assert first.page_content.strip()
    loaded = loader.load()
    assert [(Path(document.metadata["source"]).name, document.metadata["page"]) for document in loaded] == [
        ("a.pdf", 1),
        ("a.pdf", 2),
        ("b.pdf", 1),
    ]
    assert [document.id for document in asyncio.run(loader.aload())] == [document.id for document in loaded]


def test_llama_index_reads_files_and_folders(folder: Path) -> None:
    pytest.importorskip("llama_index.core")
    from llama_index.core import SimpleDirectoryReader
    from llama_index.core.readers.base import BaseReader

    from pdfbatch.integrations.llama_index import PdfBatchReader

    with BatchProcessor(executor="thread", extraction=NO_OCR) as processor:
        reader = PdfBatchReader(mode="file", processor=processor)
        assert isinstance(reader, BaseReader)
        documents = reader.load_data(folder, extra_info={"case": "7"})
        assert [document.metadata["total_pages"] for document in documents] == [2, 1]
        assert {document.metadata["case"] for document in documents} == {"7"}
        by_name = SimpleDirectoryReader(str(folder), file_extractor={".pdf": reader}).load_data()
        assert [document.text for document in by_name] == [document.text for document in documents]
