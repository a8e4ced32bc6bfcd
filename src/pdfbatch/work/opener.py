"""How a worker gets at the pages of a document: its bytes, an engine that opens them, and a reader of its pages."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document
from pdfbatch.page_ranges import pages_in
from pdfbatch.ports import OcrEngine, OpenDocument, TextEngine
from pdfbatch.settings import Extraction, Limits
from pdfbatch.storage import fingerprint, local_path, read_document
from pdfbatch.tasks import Step, Task
from pdfbatch.urls import without_credentials
from pdfbatch.work.page_reader import PageReader


@dataclass(frozen=True, slots=True)
class WorkSource:
    """A local path or the bytes of a document, and which version of it that is."""

    data: str | bytes
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOpener:
    """Opens documents with the engines and settings of a batch."""

    engine: TextEngine
    second_engine: TextEngine | None
    ocr_engine: OcrEngine | None
    extraction: Extraction
    limits: Limits

    def source(self, task: Task) -> WorkSource:
        """What the engine opens: the spooled copy where there is one, else what is behind the document's path."""
        if task.copy is not None:
            return WorkSource(task.copy.path, task.copy.fingerprint)
        limits = self.limits
        source = read_document(task.document, max_file_bytes=limits.max_file_bytes, seconds=limits.storage_timeout)
        return WorkSource(source.data, str(source.fingerprint))

    def confirm(self, task: Task, source: WorkSource) -> None:
        """Raise ``DocumentError`` when a local file is no longer the version that was opened. Costs one ``stat``."""
        if task.copy is None and isinstance(source.data, str):
            check_version(task, source.fingerprint, str(fingerprint(task.document)))

    @contextmanager
    def opened(self, source: WorkSource, document: Document) -> Generator[tuple[str, PageReader]]:
        """The name of the engine that takes a document, and a reader of its pages.

        The second engine is asked when the first calls the document malformed. Raises ``DocumentError``.
        """
        with ExitStack() as stack:
            engine, opened = self._entered(stack, source, document)
            yield engine, self._reader(document, source, opened)

    def page_numbers(self, document: Document, opened: OpenDocument) -> tuple[int, ...]:
        """The pages to read. Raises ``DocumentError`` when there are more than the limit."""
        limit, count = self.limits.max_pages, opened.page_count
        if limit is not None and count > limit:
            raise DocumentError(
                f"{document.file_path}: {count} pages are more than the limit of {limit}", cause=Cause.LIMIT_PAGES
            )
        return tuple(pages_in(document.pages, count))

    def _entered(self, stack: ExitStack, source: WorkSource, document: Document) -> tuple[str, OpenDocument]:
        second = self.second_engine
        try:
            return self.engine.name, stack.enter_context(self.engine.open(source.data, password=document.password))
        except DocumentError as error:
            refused = _about(document, source, error)
            if second is None or error.cause is not Cause.MALFORMED:
                raise refused from error
        try:
            return second.name, stack.enter_context(second.open(source.data, password=document.password))
        except DocumentError as error:
            said = _about(document, source, error)
            raise DocumentError(f"{refused}; {second.name}: {said}", cause=refused.cause) from error

    def _reader(self, document: Document, source: WorkSource, opened: OpenDocument) -> PageReader:
        return PageReader(
            document=document,
            data=source.data,
            opened=opened,
            extraction=self.extraction,
            limits=self.limits,
            second_engine=self.second_engine,
            ocr_engine=self.ocr_engine,
        )


def _about(document: Document, source: WorkSource, error: DocumentError) -> DocumentError:
    """What an engine said of a copy, or of bytes, said of the document."""
    said, name = str(error), without_credentials(document.file_path)
    if isinstance(source.data, bytes):
        said = f"{name}: {said.removeprefix('document: ')}"
    elif source.data != local_path(document):
        said = said.replace(source.data, name)
    return DocumentError(said, cause=error.cause, transient=error.transient)


def check_version(task: Task, opened: str, found: str) -> None:
    """Raise ``DocumentError`` (``input_changed``) unless a document's fingerprints are the same.

    It is worth another try, except in a part: what its document was split by is the old version.
    """
    if found != opened:
        message = f"{task.document.file_path}: the input changed while it was read"
        raise DocumentError(message, cause=Cause.INPUT_CHANGED, transient=task.step is Step.READ)
