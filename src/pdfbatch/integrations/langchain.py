"""A document loader for LangChain. Needs ``langchain-core`` (extra ``langchain``)."""

from collections.abc import Iterator
from typing import Unpack

from pdfbatch.errors import DependencyError
from pdfbatch.inputs import Inputs
from pdfbatch.integrations.passages import Mode, OnFailure, PassageKeywords, Passages
from pdfbatch.model import DocumentResult
from pdfbatch.processor import BatchProcessor, Order

try:
    from langchain_core.document_loaders import BaseLoader
    from langchain_core.documents import Document
except ImportError:
    raise DependencyError("PdfBatchLoader needs langchain-core: pip install langchain-core") from None


class PdfBatchLoader(BaseLoader):
    """Load PDFs into LangChain: ``PdfBatchLoader("contracts/").lazy_load()``.

    ``inputs`` are all that ``process_batch`` takes. With ``mode="page"`` each page is a document, with ``"file"`` each file.
    ``Passages`` says what metadata they have and what ``on_failure``, ``order``, ``processor`` and the settings mean.
    ``lazy_load`` yields a document's pages when it has been read, while workers read those that follow.
    """

    def __init__(
        self,
        inputs: Inputs,
        *,
        mode: Mode = "page",
        on_failure: OnFailure = "warn",
        order: Order = "input",
        processor: BatchProcessor | None = None,
        **settings: Unpack[PassageKeywords],
    ) -> None:
        self._inputs = inputs
        self._passages = Passages(mode=mode, on_failure=on_failure, order=order, processor=processor, **settings)

    def lazy_load(self) -> Iterator[Document]:
        """Yield the documents."""
        for passage in self._passages.read(self._inputs):
            yield Document(page_content=passage.text, metadata=dict(passage.metadata), id=passage.id)

    @property
    def failed(self) -> list[DocumentResult]:
        """The documents that failed when they were last loaded."""
        return self._passages.failed
