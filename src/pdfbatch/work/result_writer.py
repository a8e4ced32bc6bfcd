"""What a worker is to write of a document that has ended, and what it finds there of an earlier run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pdfbatch.model import Document, DocumentResult, DocumentStatus, Page
from pdfbatch.outcomes import as_duplicate, concluded
from pdfbatch.outputs import (
    Provenance,
    files_of,
    options_digest,
    pages_of,
    read_record,
    record_name,
    result_of,
)
from pdfbatch.ports import Output
from pdfbatch.settings import Extraction
from pdfbatch.tasks import DuplicateOf, JoinTask, PartialDocument, ReadTask
from pdfbatch.work.time_budget import TimeBudget

# A twin that is partial, empty or failed is no model: its duplicate is read, so that its status says what came of it.
_COPIED = frozenset({DocumentStatus.SUCCEEDED, DocumentStatus.DUPLICATE})


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """A result and the files that belong to it, in the order in which they are to be written; none without output."""

    result: DocumentResult
    output: Output | None = None
    files: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def size_bytes(self) -> int:
        """How much is to be written."""
        return sum(len(data or b"") for _, data in self.files)

    def written(self) -> DocumentResult:
        """The result, once its files are in the output. Raises ``DocumentError`` with a storage cause."""
        if self.output is None:
            return self.result
        for name, data in self.files:
            if data is None:
                self.output.delete(name)
            else:
                self.output.write(name, data)
        return self.result


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultWriter:
    """Keeps results in an output, where there is one. ``engines`` are the names of those that a batch reads with."""

    output: Output | None
    extraction: Extraction
    engines: tuple[str, ...]
    versions: dict[str, str]

    def options(self, document: Document) -> str:
        """Digest of all settings that can change this document's text."""
        return options_digest(self.extraction, self.engines, document.pages, document.languages)

    def earlier(self, document: Document, fingerprint: str) -> DocumentResult | None:
        """The earlier result of the same bytes under the same settings, when it ended well."""
        record = None if self.output is None else read_record(self.output, document.document_uuid)
        if self.output is None or record is None:
            return None
        same = (record["input"]["fingerprint"], record["options"]) == (fingerprint, self.options(document))
        if not same or not DocumentStatus(record["status"]).ok:
            return None
        found = result_of(record, document, self.output)
        return replace(found, status=DocumentStatus.SKIPPED, pages=(), pdf_metadata={})

    def copied(self, document: Document, duplicate_of: DuplicateOf) -> DocumentResult | None:
        """The result of a twin that succeeded with the same bytes and settings, as that of the document."""
        record = None if self.output is None else read_record(self.output, duplicate_of.document_uuid)
        if self.output is None or record is None or DocumentStatus(record["status"]) not in _COPIED:
            return None
        if (record["input"]["fingerprint"], record["options"]) != (duplicate_of.fingerprint, self.options(document)):
            return None
        found = result_of(record, document, self.output)
        return as_duplicate(replace(found, pages=pages_of(record), output=None), document, duplicate_of)

    def finished(
        self,
        task: ReadTask | JoinTask,
        clock: TimeBudget,
        draft: PartialDocument,
        pages: Sequence[Page],
        ocr_seconds: float,
    ) -> PendingWrite:
        """What the pages of a document amount to, with its files."""
        result = concluded(
            task.document,
            sorted(pages, key=lambda page: page.number),
            failure=clock.failure(task.document.file_path) if clock.ran_out else task.failure,
            pdf_metadata=draft.pdf_metadata,
            ocr_seconds=ocr_seconds,
        )
        return self.kept(task, clock, result, fingerprint=draft.fingerprint)

    def kept(
        self, task: ReadTask | JoinTask, clock: TimeBudget, result: DocumentResult, *, fingerprint: str
    ) -> PendingWrite:
        """The result of a task, with what it cost so far, and its files."""
        seconds = task.worker_seconds + clock.elapsed()
        result = replace(
            result, attempts=task.attempt + task.storage_retries, duration_seconds=seconds, fingerprint=fingerprint
        )
        return self.unwritten(result)

    def unwritten(self, result: DocumentResult) -> PendingWrite:
        """The result without its pages, and its files; without output, the result as it is."""
        if self.output is None:
            return PendingWrite(result)
        provenance = Provenance(
            fingerprint=result.fingerprint,
            options=self.options(result.document),
            versions=self.versions,
            finished_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        kept = replace(result, pages=(), output=self.output.uri(record_name(result.document)))
        return PendingWrite(kept, self.output, files_of(result, provenance))
