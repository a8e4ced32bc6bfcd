"""A reader for LlamaIndex. Needs ``llama-index-core`` (extra ``llamaindex``)."""

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from pdfbatch.errors import DependencyError
from pdfbatch.inputs import Inputs
from pdfbatch.integrations.passages import Mode, OnFailure, PassageKeywords, Passages
from pdfbatch.model import DocumentResult
from pdfbatch.processor import BatchProcessor, Order

try:
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document
except ImportError:
    raise DependencyError("PdfBatchReader needs llama-index-core: pip install llama-index-core") from None


class PdfBatchReader(BaseReader):
    """Load PDFs into LlamaIndex: ``PdfBatchReader().load_data("contracts/")``.

    With ``mode="page"`` each page is a document, with ``"file"`` each file. ``Passages`` says what metadata they have and what
    ``on_failure``, ``order``, ``processor`` and the settings mean. It can be a ``file_extractor`` of a
    ``SimpleDirectoryReader``, which hands over file by file: then give it a ``processor`` that was entered, so that one pool
    serves them all.
    """

    def __init__(
        self,
        *,
        mode: Mode = "page",
        on_failure: OnFailure = "warn",
        order: Order = "input",
        processor: BatchProcessor | None = None,
        **settings: Unpack[PassageKeywords],
    ) -> None:
        self._passages = Passages(mode=mode, on_failure=on_failure, order=order, processor=processor, **settings)

    def lazy_load_data(
        self, inputs: Inputs, extra_info: Mapping[str, object] | None = None, **_: Any
    ) -> Iterable[Document]:
        """Yield the documents of all that ``process_batch`` takes. ``extra_info`` is added to the metadata of each."""
        for passage in self._passages.read(inputs):
            metadata = {**(extra_info or {}), **passage.metadata}
            yield Document(text=passage.text, metadata=metadata, id_=passage.id)

    @property
    def failed(self) -> list[DocumentResult]:
        """The documents that failed when they were last loaded."""
        return self._passages.failed
