"""Open a document: find its bytes, choose the engine that can open them, and make a reader of its pages."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdfbatch.common import pages_in, reaches_beyond, without_credentials
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import Document, Failure
from pdfbatch.ports import OcrEngine, OpenDocument, TextEngine
from pdfbatch.settings import Extraction, Limits
from pdfbatch.storage import fingerprint, read_document
from pdfbatch.tasks import PartTask, ReadTask
from pdfbatch.work.second_opinion import SecondOpinion

if TYPE_CHECKING:
    from pdfbatch.work.page_reader import PageReader


@dataclass(frozen=True, slots=True)
class InputData:
    """The local path or the bytes of a document, and the fingerprint of that version."""

    data: str | bytes
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOpener:
    """Open documents with the engines and settings of a batch."""

    engine: TextEngine
    second_engine: TextEngine | None
    ocr_engine: OcrEngine | None
    extraction: Extraction
    limits: Limits
    passwords: tuple[str, ...] = field(default=(), repr=False)

    def load(self, task: ReadTask | PartTask) -> InputData:
        """Return what an engine can open: a downloaded copy, a local path, or the bytes behind a URL.

        Raises ``DocumentError``.
        """
        if task.local_copy is not None:
            return InputData(task.local_copy.path, task.local_copy.fingerprint)
        limits = self.limits
        source = read_document(task.document, max_file_bytes=limits.max_file_bytes, seconds=limits.storage_timeout)
        return InputData(source.data, str(source.fingerprint))

    def check_unchanged(self, task: ReadTask | PartTask, source: InputData) -> None:
        """Raise ``DocumentError`` when a local file is no longer the version that was opened. Costs one ``stat``."""
        if task.local_copy is None and isinstance(source.data, str):
            check_version(task, source.fingerprint, str(fingerprint(task.document)))

    @contextmanager
    def open(self, source: InputData, document: Document) -> "Generator[tuple[str, PageReader]]":
        """Open a document. Yield the name of the engine that can read it, and a reader of its pages.

        The second engine is tried when the first says that the document is malformed. Raises ``DocumentError``.
        """
        from pdfbatch.work.page_reader import PageReader  # noqa: PLC0415 (20 modules, which the parent is spared)

        with ExitStack() as stack:
            name, opened, password = self._open_with_a_password(stack, source, document)
            # An engine is no second opinion about itself.
            second_engine = self.second_engine if name == self.engine.name else None
            second = SecondOpinion(second_engine, source.data, password, annotations=self.extraction.annotations)
            stack.callback(second.close)
            reader = PageReader(
                document=document,
                opened=opened,
                extraction=self.extraction,
                limits=self.limits,
                second=second,
                ocr_engine=self.ocr_engine,
                engine=name,
                fingerprint=source.fingerprint,
            )
            yield name, reader

    def page_numbers(self, document: Document, opened: OpenDocument) -> tuple[int, ...]:
        """Return the numbers of the pages to read.

        Raises ``DocumentError`` when there are more than the limit, or none of the pages asked for (``page_range``).
        """
        limit, count = self.limits.max_pages, opened.page_count
        if not isinstance(count, int) or count < 1:  # pyright: ignore[reportUnnecessaryIsInstance] (of an engine that is none)
            raise ValueError(f"page_count is {count!r}, and no number from 1")
        if limit is not None and count > limit:
            raise DocumentError(
                f"{document.file_path}: {count} pages are more than the limit of {limit}", cause=Cause.LIMIT_PAGES
            )
        numbers = tuple(pages_in(document.pages, count))
        if not numbers:
            raise DocumentError(_missing_message(document, count), cause=Cause.PAGE_RANGE)
        return numbers

    def missing_pages(self, document: Document, opened: OpenDocument) -> Failure | None:
        """Return the failure of a document that lacks some of the pages asked for, ``None`` when it has them all."""
        if not reaches_beyond(document.pages, opened.page_count):
            return None
        return Failure(cause=Cause.PAGE_RANGE, message=_missing_message(document, opened.page_count))

    def _open_with_a_password(
        self, stack: ExitStack, source: InputData, document: Document
    ) -> tuple[str, OpenDocument, str | None]:
        """Open a document with its own password, else with the first of the batch's that fits. No message tells which."""
        untried, password, first = list(self.passwords), document.password, None
        while True:
            try:
                return *self._open_with_engine(stack, source, document, password), password
            except DocumentError as error:
                if error.cause is not Cause.PASSWORD_REQUIRED or not self.passwords:
                    raise
                first = first or error
                if not untried:
                    raise DocumentError(
                        f"{first}; {_count_passwords(len(self.passwords))}", cause=error.cause
                    ) from error
                password = untried.pop(0)

    def _open_with_engine(
        self, stack: ExitStack, source: InputData, document: Document, password: str | None
    ) -> tuple[str, OpenDocument]:
        second, annotations = self.second_engine, self.extraction.annotations
        try:
            opening = self.engine.open(source.data, password=password, annotations=annotations)
            return self.engine.name, stack.enter_context(opening)
        except DocumentError as error:
            first_error = _naming_document(error, document, source)
            if second is None or error.cause is not Cause.MALFORMED:
                raise first_error from error
        try:
            return second.name, stack.enter_context(
                second.open(source.data, password=password, annotations=annotations)
            )
        except DocumentError as refusal:
            said = str(_naming_document(refusal, document, source))
            said = said.removeprefix(f"{without_credentials(document.file_path)}: ")
            said = said if said.startswith(second.name) else f"{second.name}: {said}"
            cause = refusal.cause if refusal.cause is Cause.UNSUPPORTED else first_error.cause
            raise DocumentError(f"{first_error}; {said}", cause=cause) from refusal


def _missing_message(document: Document, count: int) -> str:
    pages = f"{count} page" if count == 1 else f"{count} pages"
    return f"{document.file_path}: has {pages}, asked for {document.pages}"


def _naming_document(error: DocumentError, document: Document, source: InputData) -> DocumentError:
    """Return an engine's error as one that names the document, also where the engine was given bytes or a copy."""
    name, place = without_credentials(document.file_path), source.data
    message = str(error).removeprefix("document: ") if isinstance(place, bytes) else str(error).replace(place, name)
    if name not in message:
        message = f"{name}: {message}"
    return DocumentError(message, cause=error.cause, transient=error.transient)


def check_version(task: ReadTask | PartTask, opened: str, found: str) -> None:
    """Raise ``DocumentError`` (``input_changed``) unless the two fingerprints of a document are the same.

    The error is transient, except in a part: the document was split as the old version, so that only reading it again from
    the beginning can help.
    """
    if found != opened:
        message = f"{task.document.file_path}: the input changed while it was read"
        raise DocumentError(message, cause=Cause.INPUT_CHANGED, transient=isinstance(task, ReadTask))


def _count_passwords(count: int) -> str:
    return "that of the batch does not open it" if count == 1 else f"none of the {count} of the batch opens it"
