"""An engine of one's own: the first pages of each document only, for a quick look at a pile.

    python custom_engine.py FOLDER

It is wrapped around the engine that comes with pdfbatch. The page "Write a text engine" has one that reads PDFs by itself.
"""

import sys
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pdfbatch
from pdfbatch import DocumentExtras
from pdfbatch.engines import PdfiumEngine
from pdfbatch.ports import OpenDocument, OpenPage, TextEngine


@dataclass(frozen=True)
class FirstPages:
    """What another engine reads, but no page after the first few. A picklable value: each worker gets a copy."""

    pages: int = 1
    engine: TextEngine = field(default_factory=PdfiumEngine)

    @property
    def name(self) -> str:
        """The name for records: the number belongs to it, so that a resume with another one reads all again."""
        return f"first-{self.pages}-{self.engine.name}"

    @property
    def version(self) -> str:
        """The version of the engine behind it."""
        return self.engine.version

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> Generator[OpenDocument]:
        """Open a document."""
        with self.engine.open(source, password=password, annotations=annotations) as document:
            yield _Beginning(document, min(self.pages, document.page_count))


@dataclass(frozen=True)
class _Beginning:
    document: OpenDocument
    page_count: int

    @property
    def metadata(self) -> Mapping[str, str]:
        return self.document.metadata

    @property
    def extras(self) -> DocumentExtras:
        return self.document.extras

    def page(self, number: int) -> AbstractContextManager[OpenPage]:
        return self.document.page(number)


if __name__ == "__main__":
    report = pdfbatch.process_batch(sys.argv[1], engine=FirstPages(pages=1))
    for result in report.results:
        first = result.text.strip().partition("\n")[0]
        print(f"{result.document.file_path}: {result.counts.pages} page, {first[:60]!r}")
