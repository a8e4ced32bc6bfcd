"""Leave out the documents that an earlier batch finished, and note those that this batch finishes."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from pdfbatch.batch.fingerprint import local_fingerprint
from pdfbatch.common import SafeLogger
from pdfbatch.errors import DocumentError
from pdfbatch.model import Document, DocumentResult, DocumentStatus
from pdfbatch.outputs import (
    PARTS_FOLDER,
    Catalog,
    IndexWriter,
    delete_parts,
    open_index,
    parts_prefix,
    record_name,
)
from pdfbatch.ports import Output
from pdfbatch.tasks import ReadTask

log: SafeLogger = SafeLogger(__name__)


_SAMPLE_NAME = "0.json"


@dataclass(slots=True, kw_only=True)
class ResumeState:
    """What an output knows of earlier batches, and what this batch adds to it.

    ``options_of`` returns the digest of all settings that can change a document's text. ``catalog`` is ``None`` in a batch
    that reads every document anew, and where the output cannot be listed; ``writer`` is ``None`` in the latter case only.
    """

    output: Output
    options_of: Callable[[Document], str]
    resume: bool
    catalog: Catalog | None = None
    writer: IndexWriter | None = None
    _usual_options: str = ""
    _with_parts: set[str] = field(default_factory=set[str])
    _split: set[str] = field(default_factory=set[str])
    _uri_prefix: str | None = None

    # --- a stage of the task source ---------------------------------------------------------------------------------

    def filter(self, items: Iterator[ReadTask | DocumentResult | None]) -> Iterator[ReadTask | DocumentResult | None]:
        """Replace the tasks of finished local documents by their results; pass on all else."""
        if self.catalog is None:
            yield from items
        for item in items:
            if isinstance(item, ReadTask) and (fingerprint := local_fingerprint(item.document)) is not None:
                yield self.find_result(item.document, str(fingerprint)) or item
            else:
                yield item

    def filter_downloads(
        self, items: Iterator[ReadTask | DocumentResult | None]
    ) -> Iterator[ReadTask | DocumentResult | None]:
        """Replace the tasks of finished remote documents by their results; pass on all else.

        The download has found out the fingerprint. Where ``is_finished`` has stopped it, there is no copy.
        """
        for item in items:
            if isinstance(item, ReadTask) and (copy := item.local_copy) is not None and not copy.path:
                yield self.find_result(item.document, copy.fingerprint) or replace(item, local_copy=None)
            else:
                yield item

    def prepare(self, items: Iterator[ReadTask | DocumentResult | None]) -> Iterator[ReadTask | DocumentResult | None]:
        """Prepare the index for each task that passes, and tell its worker whether to look for an earlier result first.

        That is the case where the output holds a record of the document, or parts of it, and where nobody knows.
        """
        for item in items:
            if not isinstance(item, ReadTask):
                yield item
                continue
            if self.catalog is None:
                resume = self.resume
            else:
                resume = self.catalog.has_files(item.document)
                if resume and self.catalog.has_parts(item.document):
                    self._with_parts.add(item.document.document_uuid)
                if self.writer is not None and self.catalog.is_indexed(item.document):
                    self.writer.invalidate()
            yield replace(item, resume=True) if resume else item

    def is_finished(self, document: Document, fingerprint: str) -> bool:
        """Return whether an earlier batch finished this version of a document. Threads that download call this."""
        return self.find_result(document, fingerprint) is not None

    # --- documents that have ended ----------------------------------------------------------------------------------

    def add(self, result: DocumentResult) -> None:
        """Note in the index what a worker did with a document."""
        if self.writer is not None:
            self.writer.add(result, self._options(result.document))

    def remove_parts(self, result: DocumentResult) -> None:
        """Remove the parts of a skipped document: a batch that was killed after it wrote the record left them behind."""
        if result.document.document_uuid not in self._with_parts:
            return
        self._with_parts.discard(result.document.document_uuid)
        if result.status is DocumentStatus.SKIPPED:
            try:
                delete_parts(self.output, result.document)
            except DocumentError as error:
                log.warning("parts that are no longer needed stay in the output: %s", error)

    def note_split(self, document: Document) -> None:
        """Note that a document which has ended was split on workers elsewhere, for ``sweep_parts``."""
        self._split.add(parts_prefix(document))

    def sweep_parts(self) -> None:
        """Remove what late workers wrote for documents that had been joined: an engine may deliver a task twice, also late.

        Nobody reads it, but the next batch would take it for parts that wait. One listing, if any document was split.
        """
        if not self._split:
            return
        try:
            left = {
                f"{PARTS_FOLDER}{name.removeprefix(PARTS_FOLDER).partition('/')[0]}/"
                for name in self.output.names(PARTS_FOLDER)
            }
            for folder in left & self._split:
                self.output.delete(folder)
        except DocumentError as error:
            log.warning("parts that are no longer needed may be in the output: %s", error)

    def close(self, *, completed: bool, compact: bool = True) -> None:
        """Write the rest of the index; ``completed`` says that every document of the batch has ended.

        ``compact=False`` leaves segments of other batches alone, which may be running.
        """
        if self.catalog is not None:
            self.catalog.close()
        if self.writer is not None:
            self.writer.close(completed=completed, compact=compact)

    def find_result(self, document: Document, fingerprint: str) -> DocumentResult | None:
        """Return the result of an earlier batch for the same input and settings, if its record is there."""
        if self.catalog is None:
            return None
        entry = self.catalog.find(document, fingerprint, self._options(document))
        if entry is None:
            return None
        if entry.has_parts:
            self._with_parts.add(document.document_uuid)
        return DocumentResult(
            document=document.without_content(),
            status=DocumentStatus.SKIPPED,
            output=self._uri(record_name(document)),
            counts=entry.counts,
            duplicate_of=entry.duplicate_of,
            fingerprint=fingerprint,
        )

    def _uri(self, name: str) -> str:
        """Return the address of a record. Most outputs put the name behind an address of their own, which is asked for once."""
        if self._uri_prefix is None:
            uri = self.output.uri(_SAMPLE_NAME)
            self._uri_prefix = uri.removesuffix(_SAMPLE_NAME) if uri.endswith(f"/{_SAMPLE_NAME}") else ""
        return f"{self._uri_prefix}{name}" if self._uri_prefix else self.output.uri(name)

    def _options(self, document: Document) -> str:
        """Return the digest of a document's settings; documents without settings of their own share one."""
        if document.pages is not None or document.languages is not None:
            return self.options_of(document)
        self._usual_options = self._usual_options or self.options_of(document)
        return self._usual_options


def load_resume_state(output: Output, options_of: Callable[[Document], str], *, resume: bool) -> ResumeState:
    """Read the index of an output. Where the output cannot be listed, workers look up each record for themselves."""
    try:
        catalog, writer = open_index(output, resume=resume)
    except DocumentError as error:
        log.log(logging.WARNING if resume else logging.DEBUG, "the output has no index, it cannot be listed: %s", error)
        return ResumeState(output=output, options_of=options_of, resume=resume)
    return ResumeState(output=output, options_of=options_of, resume=resume, catalog=catalog, writer=writer)
