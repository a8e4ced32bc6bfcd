"""Loaders for frameworks that take documents in: one module for each, whose package is loaded when the module is.

``pdfbatch.integrations.langchain.PdfBatchLoader`` needs ``langchain-core``, and
``pdfbatch.integrations.llama_index.PdfBatchReader`` needs ``llama-index-core``.
"""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.integrations.passages import Mode, OnFailure, Passage, PassageKeywords, Passages
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        passages="Mode OnFailure Passage PassageKeywords Passages",
    )

__all__ = [
    "Mode",
    "OnFailure",
    "Passage",
    "PassageKeywords",
    "Passages",
]
